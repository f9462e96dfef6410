import assert from "node:assert/strict";
import {
  buildSchema,
  graphql,
  GraphQLInt,
  GraphQLList,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  parse,
  print,
  validate,
} from "graphql";

const schema = buildSchema(`
  type Query { hello(name: String!): String, user(id: ID!): User, fails: Int! }
  type User { id: ID!, friends: [User!]! }
  type Mutation { add(a: Int!, b: Int!): Int }
`);
const rootValue = {
  hello: ({ name }) => `Hello ${name}`,
  user: async ({ id }) => ({ id, friends: () => [{ id: `${id}1`, friends: [] }] }),
  add: ({ a, b }) => a + b,
  fails: () => {
    throw new Error("resolver failed");
  },
};

export default {
  async fetch(request) {
    if (request.method === "POST") {
      const { query, variables } = await request.json();
      return Response.json(
        await graphql({ schema, source: query, rootValue, variableValues: variables }),
      );
    }
    const told = await graphql({
      schema,
      source: "query($n: String!) { hello(name: $n) user(id: 1) { id friends { id } } }",
      rootValue,
      variableValues: { n: "World" },
    });
    assert.deepEqual(JSON.parse(JSON.stringify(told)), {
      data: { hello: "Hello World", user: { id: "1", friends: [{ id: "11" }] } },
    });
    assert.equal(
      (await graphql({ schema, source: "mutation { add(a: 1, b: 2) }", rootValue })).data.add,
      3,
    );
    assert.equal(
      (await graphql({ schema, source: "{ fails }", rootValue })).errors[0].message,
      "resolver failed",
    );
    assert.equal(validate(schema, parse("{ nothing }")).length, 1);
    assert.match(print(parse("{a b(c:1)}")), /b\(c: 1\)/);
    const Item = new GraphQLObjectType({
      name: "Item",
      fields: { n: { type: GraphQLInt }, s: { type: GraphQLString } },
    });
    const made = new GraphQLSchema({
      query: new GraphQLObjectType({
        name: "Query",
        fields: { items: { type: new GraphQLList(Item), resolve: async () => [{ n: 1, s: "x" }] } },
      }),
    });
    assert.equal(
      JSON.stringify((await graphql({ schema: made, source: "{ items { n s } }" })).data),
      '{"items":[{"n":1,"s":"x"}]}',
    );
    return new Response("ok");
  },
};
