// What node:dns and node:dns/promises share: https://nodejs.org/docs/latest-v20.x/api/dns.html

export const ADDRGETNETWORKPARAMS = "EADDRGETNETWORKPARAMS";
export const BADFAMILY = "EBADFAMILY";
export const BADFLAGS = "EBADFLAGS";
export const BADHINTS = "EBADHINTS";
export const BADNAME = "EBADNAME";
export const BADQUERY = "EBADQUERY";
export const BADRESP = "EBADRESP";
export const BADSTR = "EBADSTR";
export const CANCELLED = "ECANCELLED";
export const CONNREFUSED = "ECONNREFUSED";
export const DESTRUCTION = "EDESTRUCTION";
export const EOF = "EOF";
export const FILE = "EFILE";
export const FORMERR = "EFORMERR";
export const LOADIPHLPAPI = "ELOADIPHLPAPI";
export const NODATA = "ENODATA";
export const NOMEM = "ENOMEM";
export const NONAME = "ENONAME";
export const NOTFOUND = "ENOTFOUND";
export const NOTIMP = "ENOTIMP";
export const NOTINITIALIZED = "ENOTINITIALIZED";
export const REFUSED = "EREFUSED";
export const SERVFAIL = "ESERVFAIL";
export const TIMEOUT = "ETIMEOUT";
export const ADDRCONFIG = 1024;
export const ALL = 256;
export const V4MAPPED = 2048;

let order = "verbatim";
export const getDefaultResultOrder = () => order;
export const setDefaultResultOrder = (value) => void (order = value);
export const getServers = () => [];
export const setServers = () => {};
