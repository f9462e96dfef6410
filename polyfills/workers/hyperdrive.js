// Hyperdrive: https://developers.cloudflare.com/hyperdrive/
//
// What connects to a database takes from it where that is. There is no pool here, and no cache: it
// is the database itself, as it is for `wrangler dev`.

import { connect } from "../modules/cloudflare-sockets.js";
import { refuseToClone } from "../serialize/index.js";
import { URL } from "../url/url.js";

const PORTS = { "postgres:": 5432, "postgresql:": 5432, "mysql:": 3306 };

// What it tells, by the parsed connection string and that itself.
const PARTS = {
  connectionString: (_, text) => text,
  host: ({ hostname }) => (hostname.startsWith("[") ? hostname.slice(1, -1) : hostname),
  port: ({ port, protocol }) => (port === "" ? PORTS[protocol] : Number(port)),
  user: ({ username }) => decodeURIComponent(username),
  password: ({ password }) => decodeURIComponent(password),
  database: ({ pathname }) => decodeURIComponent(pathname.slice(1)),
};

/** What a binding of the type `hyperdrive` puts into `env`. */
class Hyperdrive {
  constructor({ name, secret, text }) {
    let url;
    for (const part of Object.keys(PARTS)) {
      const get = () => PARTS[part]((url ??= parse(text, name, secret)), text);
      Object.defineProperty(this, part, { get, enumerable: true, configurable: true });
    }
  }

  /** A Socket to the database. */
  connect() {
    return connect({ hostname: this.host, port: this.port });
  }

  get [Symbol.toStringTag]() {
    return "Hyperdrive";
  }
}

refuseToClone(Hyperdrive);

function parse(text, name, secret) {
  if (text === undefined) {
    throw new Error(
      `The Hyperdrive "${name}" has no connection string: set the secret ${secret}, or ` +
        '"localConnectionString" of a project.',
    );
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.hostname !== "" && PORTS[url.protocol] !== undefined) return url;
  throw new Error(
    `The connection string of the Hyperdrive "${name}" is none such as ` +
      "postgres://user:password@localhost:5432/database.",
  );
}

/** The database behind a binding. */
export function hyperdriveFromHost(binding) {
  return new Hyperdrive(binding);
}
