import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { AwsClient } from "aws4fetch";
import axios from "axios";
import ky from "ky";

export default {
  async fetch() {
    const answer = async (request) => Response.json([{ url: request.url ?? String(request) }]);
    assert.equal((await ky("https://x.y/z", { fetch: answer }).json())[0].url, "https://x.y/z");
    globalThis.fetch = answer;
    const { data, status } = await axios.get("https://a.b/c", {
      adapter: "fetch",
      params: { q: "1 2" },
    });
    assert.deepEqual([status, data[0].url], [200, "https://a.b/c?q=1+2"]);
    const supabase = createClient("https://x.supabase.co", "key", {
      global: { fetch: answer },
      auth: { persistSession: false, autoRefreshToken: false },
    });
    assert.match(
      (await supabase.from("table").select("id").eq("a", 1)).data[0].url,
      /rest\/v1\/table\?select=id&a=eq\.1$/,
    );
    const aws = new AwsClient({
      accessKeyId: "a",
      secretAccessKey: "b",
      region: "us-east-1",
      service: "s3",
    });
    assert.match(
      (await aws.sign("https://s3.amazonaws.com/b/k")).headers.get("Authorization"),
      /^AWS4-HMAC-SHA256 /,
    );
    return new Response("ok");
  },
};
