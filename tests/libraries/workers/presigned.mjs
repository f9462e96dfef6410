import { AwsClient } from "aws4fetch";

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.startsWith("/read/")) {
      const object = await env.FILES.get(decodeURIComponent(pathname.slice(6)));
      return Response.json([object.customMetadata, await object.text()]);
    }
    const { KEY_ID: accessKeyId, SECRET: secretAccessKey } = env;
    const r2 = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "auto" });
    const url = new URL(`${env.ENDPOINT}/files${pathname}`);
    url.searchParams.set("X-Amz-Expires", "3600");
    const headers = { "x-amz-meta-by": "a browser" };
    const init = { method: searchParams.get("method"), headers };
    const signed = await r2.sign(new Request(url, init), { aws: { signQuery: true, allHeaders: true } });
    return new Response(signed.url);
  },
};
