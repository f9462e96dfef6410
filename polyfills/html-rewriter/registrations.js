// Which handlers are there, and which of them a place in the document concerns.

import { matches } from "./selector-match.js";

const somewhere = (alternatives, found) =>
  alternatives.some((compounds) => compounds.some(({ tests }, index) => tests.some((test) => found(test, index))));

const NONE = Object.freeze([]);

const isNegation = (test) => test.kind === "not";

function asksForTypes(test) {
  return isNegation(test) ? test.alternatives.some((tests) => tests.some(asksForTypes)) : test.ofType === true;
}

function asksForAttributes(test) {
  return isNegation(test)
    ? test.alternatives.some((tests) => tests.some(asksForAttributes))
    : test.kind === "attribute";
}

/**
 * The handlers of one document. A registration is { alternatives, element, comments, text }
 * of a selector, or { doctype, comments, text, end } of the document; each handler runs in
 * the order of registration, those of the document last.
 */
export class Registrations {
  countsTypes;
  keepsAttributes; // of elements that are looked at from inside
  #ofSelectors;
  #ofDocument;
  #open = new Map(); // registration of a selector → how many open elements it matches
  #listening = { text: 0, comments: 0 };

  constructor(registrations) {
    this.#ofSelectors = registrations.filter(({ alternatives }) => alternatives !== undefined);
    this.#ofDocument = registrations.filter(({ alternatives }) => alternatives === undefined);
    const selectors = this.#ofSelectors.map(({ alternatives }) => alternatives);
    this.countsTypes = selectors.some((each) => somewhere(each, asksForTypes));
    this.keepsAttributes = selectors.some((each) =>
      somewhere(each, (test, index) => index > 0 && asksForAttributes(test)),
    );
    for (const registration of this.#ofDocument) this.#count(registration, 1);
  }

  #count(registration, change) {
    if (registration.text !== undefined) this.#listening.text += change;
    if (registration.comments !== undefined) this.#listening.comments += change;
  }

  /** The registrations of the selectors that an element meets. */
  matching(element) {
    let matching = NONE;
    for (const registration of this.#ofSelectors) {
      if (!matches(registration.alternatives, element)) continue;
      if (matching === NONE) matching = [registration];
      else matching.push(registration);
    }
    return matching;
  }

  /** An element with these matches is open from now on, or no more. */
  opened(matched) {
    for (const registration of matched) {
      const count = this.#open.get(registration) ?? 0;
      this.#open.set(registration, count + 1);
      if (count === 0) this.#count(registration, 1);
    }
  }

  closed(matched) {
    for (const registration of matched) {
      const count = this.#open.get(registration) - 1;
      this.#open.set(registration, count);
      if (count === 0) this.#count(registration, -1);
    }
  }

  /** Whether anything listens to `kind`, "text" or "comments", here. */
  listensTo(kind) {
    return this.#listening[kind] > 0;
  }

  /** The handlers of `kind` for this place in the document: [handler, receiver] for each. */
  listeners(kind) {
    const here = this.#ofSelectors.filter((registration) => this.#open.get(registration) > 0);
    return handlersOf([...here, ...this.#ofDocument], kind);
  }

  /** The same for what concerns the document itself. */
  ofDocument(kind) {
    return handlersOf(this.#ofDocument, kind);
  }
}

/** [handler, receiver] of each registration that has a handler of this kind. */
export function handlersOf(registrations, kind) {
  if (registrations.length === 0) return NONE;
  return registrations
    .filter((registration) => registration[kind] !== undefined)
    .map((registration) => [registration[kind], registration.receiver]);
}
