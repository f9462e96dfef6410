// `cloudflare:email`: https://developers.cloudflare.com/email-routing/email-workers/runtime-api/

export { EmailMessage } from "../email/message.js";
