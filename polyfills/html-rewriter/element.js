// Element: https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#element

import { requireArguments, toDOMString, toFunction } from "../kernel/webidl.js";
import { Mutations, toContent } from "./mutations.js";
import { factsOf, release, Token } from "./tokens.js";

const CHANGED =
  "The attributes of this element have been modified during iteration. You must create a new " +
  "iterator after modifying attributes.";

/** What one start tag says, and what handlers want done with its element. */
export class ElementFacts {
  mutations = new Mutations(); // of the start tag
  name;
  newName = undefined;
  namespace;
  hasContent;
  removesContent = false;
  isChanged = false; // the tag has to be written anew
  end = null; // Mutations of the end tag
  onEndTag = undefined;
  #attributes; // as TagAttributes has them; `raw` is undefined where it has to be written anew
  #revision = 0;
  #iterators = [];

  constructor(name, namespace, hasContent, attributes) {
    this.name = name;
    this.namespace = namespace;
    this.hasContent = hasContent;
    this.#attributes = attributes;
  }

  get attributes() {
    return this.#attributes;
  }

  get revision() {
    return this.#revision;
  }

  find(name) {
    const wanted = name.toLowerCase();
    return this.#attributes.find((attribute) => attribute.name === wanted);
  }

  set(name, value) {
    const wanted = checkedName(name).toLowerCase();
    const known = this.find(wanted);
    if (known === undefined) {
      this.#attributes.push({ name: wanted, rawName: undefined, value, raw: undefined });
    }
    else Object.assign(known, { value, raw: undefined });
    this.#changed();
  }

  delete(name) {
    const known = this.find(name);
    if (known === undefined) return;
    this.#attributes = this.#attributes.filter((attribute) => attribute !== known);
    this.#changed();
  }

  #changed() {
    this.isChanged = true;
    this.#revision++;
  }

  get endMutations() {
    return (this.end ??= new Mutations());
  }

  /** Nothing that is in the element now is to come out, nor what was put there. */
  removeContent() {
    if (!this.hasContent) return;
    this.mutations.after = [];
    if (this.end !== null) this.end.before = [];
    this.removesContent = true;
  }

  track(iterator) {
    this.#iterators.push(iterator);
  }

  releaseIterators() {
    for (const iterator of this.#iterators) release(iterator);
    this.#iterators = [];
  }
}

function checkedName(name) {
  if (name === "") throw new TypeError("Parser error: Attribute name can't be empty.");
  const [forbidden] = /[ \n\r\t\f/>=]/.exec(name) ?? [];
  if (forbidden === undefined) return name;
  throw new TypeError(`Parser error: \`${forbidden}\` character is forbidden in the attribute name`);
}

function checkedTagName(name) {
  if (name === "") throw new TypeError("Parser error: Tag name can't be empty.");
  if (!/^[a-z]/i.test(name)) {
    throw new TypeError(
      "Parser error: The first character of the tag name should be an ASCII alphabetical character.",
    );
  }
  const [forbidden] = /[ \n\r\t\f/>]/.exec(name) ?? [];
  if (forbidden === undefined) return name;
  throw new TypeError(`Parser error: \`${forbidden}\` character is forbidden in the tag name`);
}

/** The names and values of an element's attributes, one by one. */
class AttributesIterator extends Token {
  #revision;
  #index = 0;

  constructor(facts) {
    super(facts);
    this.#revision = facts.revision;
    facts.track(this);
  }

  next() {
    const facts = factsOf(this);
    if (this.#revision !== facts.revision) throw new Error(CHANGED);
    const attribute = facts.attributes[this.#index++];
    if (attribute === undefined) return { done: true, value: undefined };
    return { done: false, value: [attribute.name, attribute.value] };
  }
}

Object.setPrototypeOf(AttributesIterator.prototype, Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));

/** An element, at its start tag. */
export class Element extends Token {
  get tagName() {
    return factsOf(this).name;
  }

  set tagName(value) {
    const facts = factsOf(this);
    const name = checkedTagName(toDOMString(value));
    facts.newName = name;
    facts.name = name.toLowerCase();
    facts.isChanged = true;
  }

  get namespaceURI() {
    return factsOf(this).namespace;
  }

  get removed() {
    return factsOf(this).mutations.removed;
  }

  get attributes() {
    return new AttributesIterator(factsOf(this));
  }

  getAttribute(name) {
    requireArguments(arguments.length, 1, "'getAttribute' on 'Element'");
    return factsOf(this).find(toDOMString(name))?.value ?? null;
  }

  hasAttribute(name) {
    requireArguments(arguments.length, 1, "'hasAttribute' on 'Element'");
    return factsOf(this).find(toDOMString(name)) !== undefined;
  }

  setAttribute(name, value) {
    requireArguments(arguments.length, 2, "'setAttribute' on 'Element'");
    factsOf(this).set(toDOMString(name), toDOMString(value));
    return this;
  }

  removeAttribute(name) {
    requireArguments(arguments.length, 1, "'removeAttribute' on 'Element'");
    factsOf(this).delete(toDOMString(name));
    return this;
  }

  before(content, options = undefined) {
    const facts = factsOf(this);
    requireArguments(arguments.length, 1, "'before' on 'Element'");
    facts.mutations.before.push(toContent(content, options));
    return this;
  }

  after(content, options = undefined) {
    const facts = factsOf(this);
    requireArguments(arguments.length, 1, "'after' on 'Element'");
    const mutations = facts.hasContent ? facts.endMutations : facts.mutations;
    mutations.after.unshift(toContent(content, options));
    return this;
  }

  prepend(content, options = undefined) {
    const facts = factsOf(this);
    requireArguments(arguments.length, 1, "'prepend' on 'Element'");
    const given = toContent(content, options);
    if (facts.hasContent) facts.mutations.after.unshift(given);
    return this;
  }

  append(content, options = undefined) {
    const facts = factsOf(this);
    requireArguments(arguments.length, 1, "'append' on 'Element'");
    const given = toContent(content, options);
    if (facts.hasContent) facts.endMutations.before.push(given);
    return this;
  }

  setInnerContent(content, options = undefined) {
    const facts = factsOf(this);
    requireArguments(arguments.length, 1, "'setInnerContent' on 'Element'");
    const given = toContent(content, options);
    facts.removeContent();
    if (facts.hasContent) facts.mutations.after.unshift(given);
    return this;
  }

  replace(content, options = undefined) {
    const facts = factsOf(this);
    requireArguments(arguments.length, 1, "'replace' on 'Element'");
    facts.mutations.replaceWith(toContent(content, options));
    facts.removeContent();
    if (facts.hasContent) facts.endMutations.remove();
    return this;
  }

  remove() {
    const facts = factsOf(this);
    facts.mutations.remove();
    facts.removeContent();
    if (facts.hasContent) facts.endMutations.remove();
    return this;
  }

  removeAndKeepContent() {
    const facts = factsOf(this);
    facts.mutations.remove();
    if (facts.hasContent) facts.endMutations.remove();
    return this;
  }

  /** Have `handler(endTag)` called at the element's end; the last one given counts. */
  onEndTag(handler) {
    const facts = factsOf(this);
    toFunction(handler, "Failed to execute 'onEndTag' on 'Element': parameter 1");
    if (!facts.hasContent) throw new TypeError("Parser error: No end tag.");
    facts.onEndTag = handler;
  }

  get [Symbol.toStringTag]() {
    return "Element";
  }
}
