import { createSchema, createYoga } from "graphql-yoga";

const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs:
      "type Query { hello(name: String!): String } type Subscription { count(to: Int!): Int }",
    resolvers: {
      Query: { hello: (_, { name }) => `hello ${name}` },
      Subscription: {
        count: {
          async *subscribe(_, { to }) {
            for (let count = 1; count <= to; count++) yield { count };
          },
        },
      },
    },
  }),
});

export default { fetch: (request, env, ctx) => yoga.fetch(request, env, ctx) };
