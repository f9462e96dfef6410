import { httpServerHandler } from "cloudflare:node";
import express from "express";

const app = express();
app.use(express.json(), express.urlencoded({ extended: true }));
app.get("/items/:id", (request, response) => {
  const { params, query, hostname, protocol } = request;
  response.status(201).cookie("a", "b", { httpOnly: true });
  response.json({ id: params.id, query, hostname, protocol });
});
app.post("/echo", (request, response) => response.json(request.body));
app.get("/stream", (_, response) => {
  response.type("text").write("one ");
  setTimeout(() => response.end("two"), 1);
});
app.get("/fails", async () => {
  throw Object.assign(new Error("teapot"), { status: 418 });
});
app.use((error, _request, response, _next) => {
  response.status(error.status).send(error.message);
});
app.listen(3000);

export default httpServerHandler({ port: 3000 });
