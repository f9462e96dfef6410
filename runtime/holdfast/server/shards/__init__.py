"""Shards: N processes behind one port, each the only owner of its objects.

May import what server/ may.

- `Supervisor` (supervisor.py): starts the shards, replaces those that die or are stuck.
- `Seat` (seat.py): what the supervisor gives to a shard: its sockets, its place among them.
- `Neighbours` (neighbours.py): the other shards, as one shard reaches them.
- `Link` (link.py): one connection between two shards: calls, answers, and what goes with them.
- wire.py: the messages of one; listening.py and link_folder.py: the sockets on which they come.
- errands.py: what the API asks of all shards, or of an owner.
- `Balance` (balance.py): hands connections from busy shards to others.
- bodies.py, sockets.py, exports.py: a body, a WebSocket, a function across a link.
- tails.py: what other shards tell the one that has the API of their events.

docs/architecture.md tells how they work together.
"""
