// The shop's client: OpenID Connect as a page without a server does it (authorization code with PKCE), and tickets.
"use strict";

const PROVIDER = "@partner@/id";
const SHOP = "@shop@/signin";
const API = "@api@";
const CLIENT = "shop-page";

const tell = (text) => { document.querySelector("#outcome").textContent = text; };
const base64url = (data) =>
  btoa(String.fromCharCode(...new Uint8Array(data))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const json = async (url, options) => (await fetch(url, options)).json();

async function start(fault, leaving = false) {
  if (leaving) await fetch(`${SHOP}/me`);
  const metadata = await json(`${PROVIDER}/.well-known/openid-configuration`);
  const login = { fault, leaving, metadata, state: random(), nonce: random(), verifier: random(), back: `${SHOP}/back` };
  if (fault === "redirect-uri-mismatch") login.back += "/";
  const asked = new URLSearchParams({
    response_type: ["implicit", "token-referer"].includes(fault) ? "token" : "code",
    client_id: CLIENT,
    redirect_uri: login.back,
    scope: "openid",
  });
  if (fault === "no-state") login.state = login.nonce = null;
  else {
    asked.set("state", login.state);
    asked.set("nonce", login.nonce);
  }
  if (fault !== "no-state" && fault !== "no-pkce" && asked.get("response_type") === "code") {
    const challenge = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(login.verifier));
    asked.set("code_challenge", base64url(challenge));
    asked.set("code_challenge_method", "S256");
  }
  if (fault.startsWith("pkce")) login.verifier = random();
  if (fault && !leaving) asked.set("fault", fault);
  sessionStorage.setItem("login", JSON.stringify(login));
  location.assign(`${metadata.authorization_endpoint}?${asked}`);
}

async function back() {
  const login = JSON.parse(sessionStorage.getItem("login"));
  if (login === null) return tell("No login began here.");
  const answer = new URLSearchParams(location.hash.slice(1) || location.search);
  if (answer.get("state") !== login.state) return tell("Not logged in: this answers another login.");
  if (answer.has("error")) return tell(`Not logged in: ${answer.get("error")}`);
  if (login.fault === "token-referer") history.replaceState(null, "", `?${answer}`);
  if (login.fault.endsWith("-referer")) await count();
  if (answer.has("access_token")) return tell("Logged in, with a token from the address.");
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code: answer.get("code"),
    redirect_uri: login.back,
    client_id: CLIENT,
  });
  if (login.fault !== "no-pkce" && login.fault !== "no-state") form.set("code_verifier", login.verifier);
  const exchange = () => json(login.metadata.token_endpoint, { method: "POST", body: form });
  let tokens = await exchange();
  if (login.fault === "code-reused") tokens = await exchange();
  if (!("id_token" in tokens)) return tell(`Not logged in: ${tokens.error}`);
  const wrong = await faultOf(tokens.id_token, login);
  if (!wrong && login.leaving) return leave(tokens.id_token, login);
  return tell(wrong ? `Not logged in: ${wrong} of the ID token is wrong.` : "Logged in.");
}

// Loads a picture of another site, which by the page's policy is told the page's whole address.
async function count() {
  document.head.append(Object.assign(document.createElement("meta"), { name: "referrer", content: "unsafe-url" }));
  const picture = Object.assign(new Image(), { src: "@local@/signin/count.svg" });
  await picture.decode().catch(() => null);
}

// What is wrong with an ID token (OpenID Connect Core, section 3.1.3.7); null if nothing is.
async function faultOf(token, login) {
  const parts = token.split(".");
  const [head, claims] = parts.slice(0, 2).map((part) => JSON.parse(new TextDecoder().decode(bytes(part))));
  if (head.alg !== "ES256") return "alg";
  const { keys } = await json(login.metadata.jwks_uri);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const published = keys.find((k) => k.kid === head.kid);
  if (!published) return "kid";
  const key = await crypto.subtle.importKey("jwk", published, algorithm, false, ["verify"]);
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  if (!(await crypto.subtle.verify(algorithm, key, bytes(parts[2]), signed))) return "the signature";
  if (claims.iss !== login.metadata.issuer) return "iss";
  if (claims.aud !== CLIENT) return "aud";
  if (login.nonce !== null && claims.nonce !== login.nonce) return "nonce";
  const now = Date.now() / 1000;
  if (claims.exp < now) return "exp";
  return claims.iat > now + 60 ? "iat" : null;
}

// A session at the shop and one at its console; then out of both, by way of the provider.
async function leave(token, login) {
  const form = { method: "POST", body: new URLSearchParams({ id_token: token }) };
  await fetch(`${SHOP}/session`, form);
  const console = { method: "POST", credentials: "include", body: new URLSearchParams({ id_token: token, fault: login.fault }) };
  await fetch(`${API}/signin/session`, console);
  const me = await json(`${SHOP}/me`);
  if (me.name !== "Ada") return tell("Not logged in: the shop does not know its own session.");
  const asked = new URLSearchParams({ state: login.state });
  if (login.fault) asked.set("fault", login.fault);
  return location.assign(`${SHOP}/logout?${asked}`);
}

async function left() {
  const login = JSON.parse(sessionStorage.getItem("login"));
  if (login === null) return tell("No login began here.");
  const answer = await fetch(`${SHOP}/me`);
  if (answer.ok) return tell("Not logged out: the shop still knows who this is.");
  const state = new URLSearchParams(location.search).get("state");
  return tell(state === login.state ? "Logged out." : "Not logged out: this answers another logout.");
}

async function ticket(asked) {
  const fault = asked.get("fault");
  const service = fault === "ticket-wrong-service" ? `${SHOP}/other` : `${SHOP}/cas${fault ? `?fault=${fault}` : ""}`;
  const query = new URLSearchParams({ service, ticket: asked.get("ticket") });
  const answer = await (await fetch(`${PROVIDER}/cas/serviceValidate?${query}`)).text();
  if (!answer.includes("authenticationSuccess")) return tell("Not logged in: the ticket is not good.");
  if (fault === "ticket-reused") return location.reload();
  return location.replace("/signin/done");
}

const asked = new URLSearchParams(location.search);
const fault = asked.get("fault") ?? "";
const ways = {
  start: () => start(fault),
  leave: () => start(fault, true),
  left,
  cas: () => ticket(asked),
};
const work = (ways[location.pathname.split("/").pop()] ?? back)();
work.catch((error) => tell(`Not logged in: ${error.message}`));
