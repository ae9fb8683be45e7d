// Loaded into Node.js with `--require` by `inspector proxy -- CMD`: sends what fetch, http and https ask for through the
// proxy that HTTPS_PROXY names. Node.js does that by itself from 22.21 and 24.5 on, where NODE_USE_ENV_PROXY is set.
'use strict';

const [major, minor] = process.versions.node.split('.').map(Number);
const byItself = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
const setting = process.env.HTTPS_PROXY || process.env.https_proxy;

if (!byItself && setting) {
  const http = require('http');
  const https = require('https');
  const tls = require('tls');
  const net = require('net');
  const proxy = new URL(setting);
  const own = { host: proxy.hostname.replace(/^\[|\]$/g, ''), port: Number(proxy.port) || 80 };
  const request = http.request;
  const direct = new http.Agent();

  // A connection to host:port through the proxy (CONNECT, RFC 9110 section 9.3.6), encrypted where `secure`.
  const tunnel = (host, port, secure, options, done) => {
    if (host === own.host && Number(port) === own.port) {
      const socket = net.connect(own);
      socket.once('error', done).once('connect', () => done(null, socket));
      return;
    }
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const headers = { Host: authority, 'User-Agent': `node/${process.versions.node}` };
    const asked = request({ ...own, method: 'CONNECT', path: authority, agent: direct, headers });
    asked.once('error', done);
    asked.once('connect', (answer, socket) => {
      if (answer.statusCode !== 200) {
        socket.destroy();
        done(new Error(`the proxy answered CONNECT ${authority} with ${answer.statusCode} ${answer.statusMessage}`));
      } else if (!secure) {
        done(null, socket);
      } else {
        const servername = options.servername || (net.isIP(host) ? '' : host);
        const encrypted = tls.connect({ ...options, socket, servername, host: undefined, port: undefined });
        encrypted.once('error', done).once('secureConnect', () => done(null, encrypted));
      }
    });
    asked.end();
  };

  const once = (done) => {
    let called = false;
    return (error, socket) => {
      if (!called) {
        called = true;
        done(error, socket);
      }
    };
  };

  const through = (Agent, secure) =>
    class extends Agent {
      createConnection(options, done) {
        tunnel(options.host || 'localhost', options.port, secure, secure ? options : {}, once(done));
      }
    };
  http.globalAgent = new (through(http.Agent, false))({ keepAlive: true, timeout: 5000 });
  https.globalAgent = new (through(https.Agent, true))({ keepAlive: true, timeout: 5000 });

  if (typeof fetch === 'function') {
    // The dispatcher of the built-in fetch exists once fetch was used; undici keeps it under this symbol.
    const key = Symbol.for('undici.globalDispatcher.1');
    fetch('data:,').catch(() => {});
    const found = globalThis[key];
    if (found && typeof found.constructor === 'function') {
      globalThis[key] = new found.constructor({
        connect: ({ hostname, protocol, port, servername }, done) => {
          const secure = protocol === 'https:';
          const host = hostname.replace(/^\[|\]$/g, '');
          tunnel(host, port || (secure ? 443 : 80), secure, { servername, ALPNProtocols: ['http/1.1'] }, once(done));
        },
      });
    }
  }
}
