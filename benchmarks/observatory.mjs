// Runs Mozilla's HTTP Observatory on sites that exist only on loopback, and prints what it makes of each.
//
// node observatory.mjs PACKAGE KEY.pem CERT.pem < cases.json > results.json
//
// A case is {name, host, routes: {"https://host/path": {status, fields: [[name, value]], body}}, options: {...}}.
// `options` answers the request that the Observatory sends with `OPTIONS`; `{origin}` in it stands for the origin
// that was sent. A scheme without a route refuses connections. Names resolve to loopback, whatever they are.
import dns from "node:dns";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, key, cert] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(folder, "src", name)).href);

dns.lookup = (name, options, done) => {
  const callback = typeof options === "function" ? options : done;
  if (options?.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

const { retrieve } = await load("retriever/retriever.js");
const { ALL_TESTS } = await load("constants.js");
const { getGradeForScore, getScoreModifier } = await load("grader/grader.js");
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await load("grader/charts.js");

const ports = {};
let routes = {};
let options = null;

function answer(scheme) {
  return (request, response) => {
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    const url = `${scheme}://${host}${request.url}`;
    if (!Object.keys(routes).some((each) => each.startsWith(`${scheme}://`))) return request.socket.destroy();
    const found = request.method === "OPTIONS" && options ? options : routes[url];
    if (!found || (request.method === "OPTIONS" && !options)) {
      response.writeHead(found ? 405 : 404, { "Content-Type": "text/plain" });
      return response.end();
    }
    const lines = found.fields.flatMap(([name, value]) => [
      name,
      value
        .replaceAll("{origin}", request.headers.origin ?? "")
        .replace(/^(https?):\/\/([^/:]+)(?=\/|$)/, (whole, to, name_) =>
          name.toLowerCase() === "location" ? `${to}://${name_}:${ports[to]}` : whole),
    ]);
    response.writeHead(found.status, lines);
    response.end(Buffer.from(found.body ?? "", "utf-8"));
  };
}

const servers = [
  ["http", http.createServer(answer("http"))],
  ["https", https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert) }, answer("https"))],
];
for (const [scheme, server] of servers) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  ports[scheme] = server.address().port;
}

// The rest of what the package's own `scan` does; `scan` itself asks ports 80 and 443 alone.
async function scan(host) {
  const retrieved = await retrieve(host, { httpPort: String(ports.http), httpsPort: String(ports.https) });
  const { auto } = retrieved.responses;
  if (!auto) return { error: "unreachable" };
  if (auto.status < 200 || (auto.status >= 400 && ![401, 403].includes(auto.status))) {
    return { error: `status ${auto.status}` };
  }
  const tests = {};
  let all = 100;
  let uncurved = 100;
  for (const test of ALL_TESTS) {
    const output = test(retrieved);
    const modifier = getScoreModifier(output.result);
    tests[output.constructor.name] = [output.result, modifier, output.pass];
    all += modifier;
    uncurved += Math.min(modifier, 0);
  }
  return { tests, ...getGradeForScore(uncurved >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? all : uncurved) };
}

const results = {};
for (const each of JSON.parse(fs.readFileSync(0, "utf-8"))) {
  ({ routes, options = null } = each);
  try {
    results[each.name] = await scan(each.host);
  } catch (error) {
    results[each.name] = { error: String(error) };
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));
