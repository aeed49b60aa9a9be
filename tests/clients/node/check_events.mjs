// node check_events.mjs < LINES: whether the CloudEvents SDK for JavaScript takes every line as an
// event, read as an HTTP body would be and validated strictly. Ends with their number, or with the
// first that it refuses.
import { readFileSync } from "node:fs";
import { CloudEvent, HTTP } from "cloudevents";

const lines = readFileSync(0, "utf8").split("\n").filter((line) => line);
for (const [index, body] of lines.entries()) {
  try {
    const headers = { "content-type": "application/cloudevents+json" };
    HTTP.toEvent({ headers, body }).validate();
    const event = new CloudEvent(JSON.parse(body), true);
    event.validate();
    for (const [name, value] of Object.entries(JSON.parse(body))) {
      const [sent, read] = [value, event[name]].map((one) => JSON.stringify(one));
      const same = name === "time" ? new Date(value).getTime() === new Date(event.time).getTime()
        : sent === read;
      if (!same) throw new Error(`${name} is read as ${read}`);
    }
  } catch (error) {
    console.error(`event ${index}: ${error.message} ${JSON.stringify(error.errors ?? "")}`);
    process.exit(1);
  }
}
console.log(lines.length);
