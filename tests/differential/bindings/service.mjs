// A Worker behind a service binding, and a class that another script binds.
import { streamOf } from "./observe.mjs";

const answers = {
  "/text": () => new Response("from the service", { status: 201, statusText: "Made", headers: [["x-a", "1"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]] }),
  "/described": async (request) => {
    const headers = [...request.headers].filter(([name]) => name.startsWith("x-"));
    return new Response(`${request.method} ${request.url} ${JSON.stringify(headers)} ${await request.text()}`);
  },
  "/stream": () => new Response(streamOf("a", "b", "c")),
  "/echo": (request) => new Response(request.body),
  "/throw": () => { throw new RangeError("in the service"); },
  "/own": () => { throw Object.assign(new Error("own"), { name: "OwnError", code: 5 }); },
  "/nothing": () => undefined,
  "/null": () => new Response(null, { status: 204 }),
  "/redirect": () => Response.redirect("http://h/text", 302),
};

const answer = (request) => answers[new URL(request.url).pathname](request);

export class Remote {
  #calls = 0;

  constructor(state) {
    this.state = state;
  }

  fetch(request) {
    if (request.url.endsWith("/calls")) return new Response(String(++this.#calls));
    if (request.url.endsWith("/abort")) this.state.abort("enough");
    return answer(request);
  }
}

export default { fetch: answer };
