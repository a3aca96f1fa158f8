// Calls the vendor's SDK for JavaScript as it is told: a JSON object a line in, one out. clients.py has the other end.
// Its argument: by how many milliseconds the machine's clock seems to be wrong.
//   in:  {operation, options: {region, endpoint, attempts}, credentials, parameters}
//   out: {answer, requests}, or {error: {type, status, message}, requests}
// `credentials` is a key, or what a provider of the SDK's own needs: {identityPoolId, logins} or {identityId, logins}.
import { createInterface } from "node:readline";
import * as identity from "@aws-sdk/client-cognito-identity";
import * as sync from "@aws-sdk/client-cognito-sync";
import * as providers from "@aws-sdk/credential-provider-cognito-identity";

const now = Date.now;
const offset = Number(process.argv[2]);
Date.now = () => now() + offset;

const isTime = (name) => name.endsWith("Date");

// Times are seconds here, and Dates in the SDK.
function toSdk(value, name = "") {
  if (isTime(name)) return new Date(value * 1000);
  if (Array.isArray(value)) return value.map((item) => toSdk(item));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toSdk(item, key)]));
}

function fromSdk(value) {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(fromSdk);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromSdk(item)]));
}

function settings({ region, endpoint, attempts = 1 }) {
  return { region, endpoint, maxAttempts: attempts };
}

function credentialsOf(credentials, options) {
  if (!credentials) return undefined;
  const clientConfig = settings(options);
  if (credentials.identityPoolId) return providers.fromCognitoIdentityPool({ ...credentials, clientConfig });
  if (credentials.identityId) return providers.fromCognitoIdentity({ ...credentials, clientConfig });
  return credentials;
}

const clients = new Map();

function clientFor(api, Client, { options, credentials }) {
  const name = JSON.stringify([Client.name, options, credentials]);
  if (!clients.has(name)) {
    const client = new Client({ ...settings(options), credentials: credentialsOf(credentials, options) });
    client.sent = 0;
    client.middlewareStack.add((next) => (args) => ((client.sent += 1), next(args)), { step: "finalizeRequest", priority: "low" });
    clients.set(name, client);
  }
  return clients.get(name);
}

async function answer(call) {
  const api = `${call.operation}Command` in sync ? sync : identity;
  const client = clientFor(api, api === sync ? sync.CognitoSyncClient : identity.CognitoIdentityClient, call);
  const before = client.sent;
  try {
    const { $metadata, ...output } = await client.send(new api[`${call.operation}Command`](toSdk(call.parameters)));
    return { answer: fromSdk(output), requests: client.sent - before };
  } catch (error) {
    const status = error.$metadata?.httpStatusCode ?? 0;
    return { error: { type: error.name, status, message: error.message }, requests: client.sent - before };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
