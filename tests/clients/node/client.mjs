// node client.mjs BUNDLE publish|subscribe|bell: an agency by its connection bundle.
// publish sends the events on stdin, one JSON object a line; subscribe prints every event that the
// agency may see, each at least once, going on where it was; bell prints what happens, as it does.
import { readFileSync } from "node:fs";
import { Request, Subscriber } from "zeromq";

const [bundle, verb] = process.argv.slice(2);
const node = JSON.parse(readFileSync(`${bundle}/connection.json`));
const keys = {
  curveServerKey: node.server_key,
  curvePublicKey: node.public_key,
  curveSecretKey: readFileSync(`${bundle}/secret.key`, "utf8").trim(),
  linger: 0,
};

function connect() {
  const socket = new Request({ ...keys, receiveTimeout: 5000 });
  socket.connect(node.endpoint);
  return socket;
}

let hub;
// Sent again until it is answered: the hub does nothing twice.
async function ask(name, options, ...events) {
  for (;;) {
    hub ??= connect();
    try {
      await hub.send(["JJ1", name, "1", JSON.stringify(options), ...events]);
      const [, kind, , text, ...got] = await hub.receive();
      const result = JSON.parse(text);
      if (kind.toString() !== "ERROR") return [result, got];
      if (!["busy", "unavailable"].includes(result.code)) {
        console.error(`${result.code}: ${result.detail}`);
        process.exit(1);
      }
    } catch (error) {
      if (error.code !== "EAGAIN") throw error; // EAGAIN: no answer in time
      hub.close();
      hub = undefined;
    }
  }
}

if (verb === "publish") {
  const lines = readFileSync(0, "utf8").split("\n").filter((line) => line);
  console.log(JSON.stringify((await ask("PUBLISH", {}, ...lines))[0]));
} else if (verb === "subscribe") {
  for (;;) {
    const [result, events] = await ask("FETCH", { name: "node", wait_ms: 3000 });
    for (const event of events) console.log(event.toString());
    await ask("COMMIT", { name: "node", cursor: result.cursor });
  }
} else if (verb === "bell") {
  const bell = new Subscriber(keys);
  bell.connect(node.bell);
  bell.subscribe();
  for await (const [topic] of bell) console.log(topic.toString());
}
