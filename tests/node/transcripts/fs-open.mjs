import fs from "node:fs";
import p from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { folder } from "./shared/files.mjs";
import { rest } from "./shared/rest.mjs";

export default async function run(log) {
  const { root, tell } = folder(log);
  const [hh, ww] = [`${root}/hh`, `${root}/ww`];
  fs.writeFileSync(hh,"0123456789");
  const s=fs.createReadStream(hh,{start:2,end:5,encoding:"utf8",highWaterMark:2});
  tell(s.path,s.fd,s.flags,s.mode,s.start,s.end,s.autoClose,s.bytesRead,s.pending,s.readableHighWaterMark,s.pos);
  const ev=[];for (const e of ["open","ready","data","end","close","error"]) s.on(e,(x)=>ev.push([e,typeof x==="number"?"fd":x])); await new Promise(r=>s.on("close",r)); tell(JSON.stringify(ev),s.bytesRead,s.pending,s.fd,s.closed,s.destroyed);
  for (const o of [{start:5,end:2},{start:"x"},{end:-1},{start:-1},{fd:"x"},{encoding:"zz"},5,{start:NaN},{end:"x"},{start:1.5},{emitClose:false}]) try { const x=fs.createReadStream(hh,o); x.on("error",(e)=>tell("late",e.message)); x.resume() } catch(e) {tell(JSON.stringify(o),e.name,e.message,e.code)}
  try { fs.createReadStream() } catch(e) {tell(e.message)}
  const w=fs.createWriteStream(ww,{encoding:"latin1"}); tell(w.path,w.fd,w.flags,w.mode,w.start,w.pos,w.autoClose,w.bytesWritten,w.pending,w.writableHighWaterMark); const we=[]; for (const e of ["open","ready","finish","close"]) w.on(e,(x)=>we.push(e)); w.write("é"); w.end("x"); await new Promise(r=>w.on("close",r)); tell(we,w.bytesWritten,w.fd,w.closed,fs.readFileSync(ww));
  const w2=fs.createWriteStream(ww,{flags:"r+",start:1}); w2.end("ZZ"); await new Promise(r=>w2.on("close",r)); tell(fs.readFileSync(ww,"latin1"));
  for (const o of [{start:-1},{start:"x"},{flags:"q"},{encoding:"zz"},{mode:"zz"}]) try { const x=fs.createWriteStream(ww,o); const e = await new Promise(r=>x.on("error",r)); tell("late",JSON.stringify(o),e.message); } catch(e) {tell(JSON.stringify(o),e.name,e.message,e.code)}
  const w3=fs.createWriteStream(ww); w3.close((e)=>tell("closed",e)); await new Promise(r=>w3.on("close",r));
  const s2=fs.createReadStream(hh,{autoClose:false}); s2.resume(); await new Promise(r=>s2.on("end",r)); tell(s2.destroyed, typeof s2.fd); s2.close((e)=>tell("c2",e)); await new Promise(r=>s2.on("close",r));
  const s3=fs.createReadStream(root+"/none"); s3.on("error",(e)=>tell("err",e.message,s3.fd)); await new Promise(r=>s3.on("close",r));
  const fd=fs.openSync(hh); fs.readSync(fd,Buffer.alloc(3)); const s4=fs.createReadStream(null,{fd}); let t=""; for await (const c of s4) t+=c; tell(t); try{fs.fstatSync(fd)}catch(e){tell(e.code)}
  const ac=new AbortController(); const s5=fs.createReadStream(hh,{signal:ac.signal}); const gone = new Promise(r=>s5.on("error",r)); ac.abort(); tell((await gone).name);
  const h=await p.open(hh,"w+"); await h.writeFile("a\nb\nc"); tell(h.fd>0);
  await h.close(); tell(h.fd);
  for (const f of ["read","stat","write","close","readFile","truncate","sync","readv","appendFile","utimes","chmod","datasync","writev","writeFile"]) { try { tell(f, await h[f](Buffer.alloc(1))) } catch(e){ tell(f, e.name,e.message,e.code,e.syscall, e.errno) } }
  const h2=await p.open(hh); const sh=h2.createReadStream({encoding:"utf8"}); t=""; for await (const c of sh) t+=c; tell(JSON.stringify(t), h2.fd);
  const h3=await p.open(hh); const rl=h3.readLines(); tell(rl.constructor.name, typeof rl.on); for await (const l of rl) tell(l); await rest(); tell(h3.fd);
  const h4=await p.open(hh); tell(await h4.read().then(({bytesRead})=>bytesRead)); tell(await h4.read({buffer:Buffer.alloc(2), position:0})); tell(await h4.read(Buffer.alloc(3),{position:1,length:2}));tell(await h4.read(Buffer.alloc(3),1,2,0)); h4.on("close",()=>tell("close event")); const c1=h4.close(), c2=h4.close(); tell(await c1, await c2);
  const h5=await p.open(hh); const ws=h5.readableWebStream(); try{ h5.readableWebStream() } catch(e){tell(e.message,e.code)}; await h5.close();
  try{await p.open()}catch(e){tell(e.message)}
  await p.writeFile(hh,(async function*(){yield "a"; yield Buffer.from("b")})());tell(fs.readFileSync(hh,"utf8"));
  await p.writeFile(hh,["61","62"], {encoding:"hex", flag: "a"});tell(fs.readFileSync(hh,"utf8"));
  try{await p.writeFile(hh,[1,2])}catch(e){tell(e.message)};
  try{await p.writeFile(hh,{})}catch(e){tell(e.message)};
  try{await p.appendFile(hh,5)}catch(e){tell(e.message)};
  try{await p.readFile(root+"/nn",{signal:AbortSignal.abort("why")})}catch(e){tell(e.message,e.cause)};
  const h6=await p.open(root+"/h6","w+"); await p.writeFile(h6,"abc"); await p.appendFile(h6,"def"); await h6.writeFile("g"); await h6.write("h"); await h6.write(Buffer.from("xyz"),1,1); await h6.write("Q", 0); await h6.truncate(8); tell((await h6.read(Buffer.alloc(20),0,20,0)).buffer.toString(), (await h6.stat()).size, await p.readFile(h6,"utf8")); const w6=h6.createWriteStream({start:3}); w6.end("###"); await new Promise(r=>w6.on("close",r)); tell(h6.fd, fs.readFileSync(root+"/h6","utf8"));
  await pipeline(fs.createReadStream(hh), fs.createWriteStream(ww, {flags:"a"})); tell(fs.readFileSync(ww,"utf8"));
  fs.rmSync(root, { recursive: true });
}
