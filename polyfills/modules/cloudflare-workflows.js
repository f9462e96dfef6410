// `cloudflare:workflows`: https://developers.cloudflare.com/workflows/build/workers-api/

export { NonRetryableError } from "../workflows/non-retryable.js";
