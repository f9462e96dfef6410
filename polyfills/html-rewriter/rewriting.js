// One document on its way through the handlers.
//
// Everything is as synchronous as the handlers are: a token that concerns no handler is
// passed on at once; for others the next token waits until the last handler is done.

import { ElementFacts, Element } from "./element.js";
import { Mutations } from "./mutations.js";
import { Namespaces } from "./namespaces.js";
import { OpenElement, TagAttributes } from "./open-element.js";
import { Output } from "./output.js";
import { handlersOf } from "./registrations.js";
import { after, runHandlers } from "./soon.js";
import { COMMENT, DOCTYPE, END_TAG, NONE, START_TAG, TEXT, Tokenizer } from "./tokenizer.js";
import { Comment, Doctype, DocumentEnd, EndTag, Text } from "./tokens.js";

const NOTHING = Object.freeze([]);
const WAITS = Symbol("waits");
const DOCTYPE_PARTS =
  /^[\t\n\f\r ]*([^\t\n\f\r >]+)?(?:[\t\n\f\r ]+(public|system)[\t\n\f\r ]*(?:"([^"]*)"?|'([^']*)'?)[\t\n\f\r ]*(?:"([^"]*)"?|'([^']*)'?)?)?/i;

export class Rewriting {
  #registrations;
  #charset;
  #tokenizer = new Tokenizer();
  #namespaces = new Namespaces();
  #output;
  #attributes;
  #top = OpenElement.root();
  #textDecoder = null; // of the text that is under way, where handlers hear it
  #isLast = false;

  constructor(registrations, charset) {
    this.#registrations = registrations;
    this.#charset = charset;
    this.#output = new Output(this.#tokenizer, charset);
    this.#attributes = new TagAttributes(this.#tokenizer, charset);
  }

  /** Take a piece of the document, a binary string, in; returns what comes out. */
  async write(binary) {
    this.#tokenizer.feed(binary);
    await this.#run();
    return this.#output.take();
  }

  /** The document is at its end; returns the rest of what comes out. */
  async end() {
    this.#isLast = true;
    this.#tokenizer.feed("");
    this.#tokenizer.finish();
    await this.#run();
    if (this.#textDecoder !== null) await this.#endText();
    await this.#endDocument();
    return this.#output.take();
  }

  async #run() {
    const tokenizer = this.#tokenizer;
    for (;;) {
      tokenizer.wantsText = this.#textDecoder !== null || this.#registrations.listensTo("text");
      const kind = tokenizer.next();
      if (tokenizer.skippedFrom >= 0) {
        this.#output.keep(tokenizer.skippedFrom, tokenizer.start);
        tokenizer.skippedFrom = -1;
      }
      if (kind === NONE) return;
      if (kind !== TEXT && this.#textDecoder !== null) {
        const ended = this.#endText();
        if (ended !== undefined) await ended;
      }
      const working = kind === TEXT ? this.#text() : this.#token(kind);
      if (working === WAITS) return;
      if (working !== undefined) await working;
    }
  }

  #token(kind) {
    switch (kind) {
      case START_TAG:
        return this.#startTag();
      case END_TAG:
        return this.#endTag();
      case COMMENT:
        return this.#comment();
      case DOCTYPE:
        return this.#doctype();
      default:
        return this.#keep();
    }
  }

  #keep() {
    const { start, end } = this.#tokenizer;
    this.#output.keep(start, end);
  }

  // ---- Elements -----------------------------------------------------------------------------

  #startTag() {
    const tokenizer = this.#tokenizer;
    const registrations = this.#registrations;
    const { name } = tokenizer;
    const attributes = this.#attributes;
    attributes.reset();
    const namespaces = this.#namespaces;
    namespaces.startTag(name, tokenizer.selfClosing, attributes);
    const { namespace, isEmpty, isText } = namespaces;
    tokenizer.inForeignContent = namespaces.inForeignContent;
    if (isText) tokenizer.readText(name);
    const element = this.#top.child(name, attributes, registrations.countsTypes);
    element.matched = registrations.matching(element);
    const handlers = element.matched.length === 0 ? NOTHING : handlersOf(element.matched, "element");
    if (handlers.length > 0) {
      const facts = new ElementFacts(name, namespace, !isEmpty, attributes.list.map((attribute) => ({ ...attribute })));
      return this.#changeElement(element, facts, handlers);
    }
    this.#keep();
    if (!isEmpty) this.#open(element);
    return undefined;
  }

  #changeElement(element, facts, handlers) {
    const { selfClosing } = this.#tokenizer;
    const own = () => {
      if (facts.isChanged) this.#output.put(this.#writeTag(facts, selfClosing));
      else this.#keep();
    };
    const handled = runHandlers(handlers, () => new Element(facts));
    const written = after(handled, () => this.#output.token(facts.mutations, own));
    return after(written, () => this.#openChanged(element, facts));
  }

  #openChanged(element, facts) {
    facts.releaseIterators();
    if (!facts.hasContent) return;
    if (facts.end !== null || facts.newName !== undefined || facts.onEndTag !== undefined) {
      element.facts = facts;
    }
    element.removesContent = facts.removesContent;
    this.#open(element);
  }

  #writeTag({ newName, attributes }, selfClosing) {
    const { input, nameStart, nameEnd } = this.#tokenizer;
    const name = newName === undefined ? input.slice(nameStart, nameEnd) : this.#charset.encode(newName);
    const written = attributes.map(({ name: key, rawName, value, raw }) => {
      if (raw !== undefined) return raw;
      return `${rawName ?? this.#charset.encode(key)}="${this.#charset.encode(value.replaceAll('"', "&quot;"))}"`;
    });
    const end = selfClosing ? (written.length > 0 ? " />" : "/>") : ">";
    return `<${[name, ...written].join(" ")}${end}`;
  }

  #open(element) {
    element.open(this.#registrations.keepsAttributes);
    if (element.matched.length > 0) this.#registrations.opened(element.matched);
    if (element.removesContent) this.#output.suppressed++;
    this.#top = element;
  }

  #endTag() {
    const { name } = this.#tokenizer;
    this.#namespaces.endTag(name);
    this.#tokenizer.inForeignContent = this.#namespaces.inForeignContent;
    const ended = this.#close(name);
    if (ended.length > 0) return this.#changeEndTag(name, ended);
    return this.#keep();
  }

  /** Close the innermost element of this name with all in it; the facts of those that want an end. */
  #close(name) {
    let found = this.#top;
    while (found.parent !== null && found.name !== name) found = found.parent;
    if (found.parent === null) return NOTHING;
    let facts = NOTHING;
    for (let element = this.#top; element !== found.parent; element = element.parent) {
      if (element.matched.length > 0) this.#registrations.closed(element.matched);
      if (element.removesContent) this.#output.suppressed--;
      if (element.facts !== null) facts = [...facts, element.facts];
    }
    this.#top = found.parent;
    return facts;
  }

  /** An end tag that ends several elements carries what is wanted of the outermost's. */
  #changeEndTag(name, ended) {
    const facts = { name, newName: undefined, mutations: new Mutations() };
    const own = () => {
      if (facts.newName === undefined) this.#keep();
      else this.#output.put(`</${this.#charset.encode(facts.newName)}>`);
    };
    let handled;
    for (const element of ended) handled = after(handled, () => endElement(facts, element));
    return after(handled, () => this.#output.token(facts.mutations, own));
  }

  // ---- Texts ----------------------------------------------------------------------------------

  /** Undefined, a promise, or WAITS where the text has to wait for more input. */
  #text() {
    const tokenizer = this.#tokenizer;
    if (this.#textDecoder === null && !this.#registrations.listensTo("text")) {
      this.#keep();
      return undefined;
    }
    let binary = tokenizer.input.slice(tokenizer.start, tokenizer.end);
    const isCut = !this.#isLast && tokenizer.end === tokenizer.input.length;
    const held = isCut ? this.#charset.unfinished(binary) : 0;
    if (held > 0) {
      tokenizer.giveBack(held);
      binary = binary.slice(0, -held);
      if (binary === "") return WAITS;
    }
    this.#textDecoder ??= this.#charset.textDecoder();
    return this.#changeText(this.#textDecoder(binary), false);
  }

  #endText() {
    this.#textDecoder = null;
    return this.#changeText("", true);
  }

  #changeText(text, isLast) {
    const facts = { text, isLast, mutations: new Mutations() };
    const { start, end } = this.#tokenizer;
    const own = () => {
      if (!isLast) this.#output.keep(start, end);
    };
    const handled = runHandlers(this.#registrations.listeners("text"), () => new Text(facts));
    return after(handled, () => this.#output.token(facts.mutations, own));
  }

  // ---- The rest -------------------------------------------------------------------------------

  #comment() {
    if (!this.#registrations.listensTo("comments")) return this.#keep();
    return this.#changeComment();
  }

  #changeComment() {
    const { input, contentStart, contentEnd } = this.#tokenizer;
    const text = this.#charset.decode(input.slice(contentStart, contentEnd));
    const facts = { text, isChanged: false, mutations: new Mutations() };
    const own = () => {
      if (facts.isChanged) this.#output.put(`<!--${this.#charset.encode(facts.text)}-->`);
      else this.#keep();
    };
    const handled = runHandlers(this.#registrations.listeners("comments"), () => new Comment(facts));
    return after(handled, () => this.#output.token(facts.mutations, own));
  }

  #doctype() {
    const handlers = this.#registrations.ofDocument("doctype");
    this.#keep();
    return handlers.length === 0 ? undefined : this.#tellDoctype(handlers);
  }

  #tellDoctype(handlers) {
    const { input, contentStart, contentEnd } = this.#tokenizer;
    const content = this.#charset.decode(input.slice(contentStart, contentEnd));
    const [, name, keyword = "", a, b, c, d] = DOCTYPE_PARTS.exec(content);
    const isPublic = keyword.toLowerCase() === "public";
    const [first, second] = [a ?? b ?? null, c ?? d ?? null];
    const facts = {
      name: name?.toLowerCase() ?? null,
      publicId: isPublic ? first : null,
      systemId: isPublic ? second : first,
    };
    return runHandlers(handlers, () => new Doctype(facts));
  }

  async #endDocument() {
    const facts = { content: [] };
    await runHandlers(this.#registrations.ofDocument("end"), () => new DocumentEnd(facts));
    this.#output.suppressed = 0;
    await this.#output.contents(facts.content);
  }
}

/** What is wanted of the end of an element, done to the facts of the tag that ends it. */
function endElement(facts, { newName, end, onEndTag }) {
  if (newName !== undefined) Object.assign(facts, { newName, name: newName.toLowerCase() });
  if (end !== null) facts.mutations = end;
  if (onEndTag === undefined) return undefined;
  return runHandlers([[onEndTag, undefined]], () => new EndTag(facts));
}
