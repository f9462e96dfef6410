// RpcTarget: https://developers.cloudflare.com/workers/runtime-apis/rpc/#class-instances

/** The base class of what is passed by reference: others get a stub that calls it back. */
export class RpcTarget {}
