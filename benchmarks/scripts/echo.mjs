// What `benchmarks/platform_micro.py` streams bodies through, in three ways.

const ways = {
  "/untouched": (body) => body,
  "/piped": (body) => body.pipeThrough(new TransformStream()),
  "/read": (body) => {
    const reader = body.getReader();
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
  },
};

export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    return pathname === "/hello" ? new Response("ready") : new Response(ways[pathname](request.body));
  },
};
