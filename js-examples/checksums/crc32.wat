;; CRC-32, as of gzip and zlib. `crc32.wasm` is made of this, by `wat2wasm crc32.wat`.
(module
  (memory (export "memory") 1)

  ;; The checksum of what had `$crc`, and of the first `$length` bytes of the memory behind it.
  (func (export "crc32") (param $crc i32) (param $length i32) (result i32)
    (local $place i32) (local $bit i32)
    (local.set $crc (i32.xor (local.get $crc) (i32.const -1)))
    (block $done
      (loop $bytes
        (br_if $done (i32.ge_u (local.get $place) (local.get $length)))
        (local.set $crc (i32.xor (local.get $crc) (i32.load8_u (local.get $place))))
        (local.set $bit (i32.const 8))
        (loop $bits
          (local.set $crc
            (i32.xor
              (i32.shr_u (local.get $crc) (i32.const 1))
              (i32.and
                (i32.const 0xEDB88320)
                (i32.sub (i32.const 0) (i32.and (local.get $crc) (i32.const 1))))))
          (br_if $bits (local.tee $bit (i32.sub (local.get $bit) (i32.const 1)))))
        (local.set $place (i32.add (local.get $place) (i32.const 1)))
        (br $bytes)))
    (i32.xor (local.get $crc) (i32.const -1))))
