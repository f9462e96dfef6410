// A Worker that is told of its own events.
const told = [];

export default {
  fetch: (request) => Response.json(request.url.endsWith("/told") ? told : []),
  tail(events, env, ctx) {
    console.log("told");
    told.push([events.map(({ event }) => Object.keys(event)), typeof env, ctx.constructor.name]);
  },
};
