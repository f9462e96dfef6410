// Hyperdrive: https://developers.cloudflare.com/hyperdrive/
//
// What connects to a database takes from it where that is. There is no pool here, and no cache: it
// is the database itself, as it is for `wrangler dev`.

import { defineInterface } from "../kernel/webidl.js";
import { connect } from "../modules/cloudflare-sockets.js";
import { refuseToClone } from "../serialize/index.js";
import { URL } from "../url/url.js";

const PORTS = { "postgres:": 5432, "postgresql:": 5432, "mysql:": 3306 };

let make;

/** What a binding of the type `hyperdrive` puts into `env`. */
class Hyperdrive {
  #name;
  #secret;
  #text;
  #url;
  static #allowed = false;

  constructor() {
    if (!Hyperdrive.#allowed) throw new TypeError("Illegal constructor");
    Hyperdrive.#allowed = false;
  }

  static {
    make = ({ name, secret, text }) => {
      Hyperdrive.#allowed = true;
      const made = new Hyperdrive();
      made.#name = name;
      made.#secret = secret;
      made.#text = text;
      return made;
    };
    defineInterface(this);
  }

  get connectionString() {
    this.#parsed();
    return this.#text;
  }

  get host() {
    return withoutBrackets(this.#parsed().hostname);
  }

  get port() {
    const { port, protocol } = this.#parsed();
    return port === "" ? PORTS[protocol] : Number(port);
  }

  get user() {
    return decodeURIComponent(this.#parsed().username);
  }

  get password() {
    return decodeURIComponent(this.#parsed().password);
  }

  get database() {
    return decodeURIComponent(this.#parsed().pathname.slice(1));
  }

  /** A Socket to the database. */
  connect() {
    return connect({ hostname: this.host, port: this.port });
  }

  #parsed() {
    if (this.#text === undefined) {
      throw new Error(
        `The Hyperdrive "${this.#name}" has no connection string: set the secret ` +
          `${this.#secret}, or "localConnectionString" of a project.`,
      );
    }
    return (this.#url ??= parse(this.#text, this.#name));
  }
}

refuseToClone(Hyperdrive);

function parse(text, name) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.hostname !== "" && PORTS[url.protocol] !== undefined) return url;
  throw new Error(
    `The connection string of the Hyperdrive "${name}" is none such as ` +
      "postgres://user:password@localhost:5432/database.",
  );
}

function withoutBrackets(hostname) {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

/** The database behind a binding. */
export function hyperdriveFromHost(binding) {
  return make(binding);
}
