;; JSON to what JS_ReadObject reads, which takes half as long as JSON.parse.
;;
;; RFC 8259; the format is that of JS_WriteObject. What is no JSON, and what is rare (deep nesting,
;; a thousand different names, escapes in names), is left to the engine's own parser: 0 is returned.
;;
;; Memory:    0  outer containers: kind, where its count goes, count; 12 bytes each
;;       0x4000  names: a table of slots of 12 bytes: place, length, index
;;       0xa000  powers of ten, 1e0 to 1e22
;;       0xa800  numbers that the host reads: where the value goes, place, length
;;      0x10000  names as the format has them, 64 KiB; after them the caller's: text, output
;;
;; Characters: 34 ", 43 +, 44 comma, 45 -, 46 ., 47 /, 48 0, 58 :, 91 [, 92 \, 93 ], 97 a, 101 e, 123 {;
;; `or` with 32 makes small letters, and { of [.
(module
  (memory (export "memory") 3)
  (global $names (mut i32) (i32.const 0))      ;; how many different ones there are
  (global $names_end (mut i32) (i32.const 0))
  (global $hard (mut i32) (i32.const 0))       ;; how many numbers the host has to read

  (func $fill_powers (local $place i32) (local $power f64)
    (local.set $power (f64.const 1))
    (local.set $place (i32.const 0xa000))
    (loop $next
      (f64.store (local.get $place) (local.get $power))
      (local.set $power (f64.mul (local.get $power) (f64.const 10)))
      (local.set $place (i32.add (local.get $place) (i32.const 8)))
      (br_if $next (i32.le_u (local.get $place) (i32.const 0xa0b0)))))
  (start $fill_powers)

  ;; Where white space ends.
  (func $skip (param $p i32) (result i32) (local $c i32)
    (loop $next
      (local.set $c (i32.load8_u (local.get $p)))
      (if (i32.le_u (local.get $c) (i32.const 32))
        (then
          (if (i32.or
                (i32.or (i32.eq (local.get $c) (i32.const 32)) (i32.eq (local.get $c) (i32.const 10)))
                (i32.or (i32.eq (local.get $c) (i32.const 13)) (i32.eq (local.get $c) (i32.const 9))))
            (then
              (local.set $p (i32.add (local.get $p) (i32.const 1)))
              (br $next))))))
    (local.get $p))

  (func $is_digit (param $c i32) (result i32)
    (i32.lt_u (i32.sub (local.get $c) (i32.const 48)) (i32.const 10)))

  ;; Write a number as LEB128; where it ends.
  (func $put_leb (param $o i32) (param $number i32) (result i32)
    (loop $next
      (if (i32.ge_u (local.get $number) (i32.const 128))
        (then
          (i32.store8 (local.get $o) (i32.or (local.get $number) (i32.const 128)))
          (local.set $number (i32.shr_u (local.get $number) (i32.const 7)))
          (local.set $o (i32.add (local.get $o) (i32.const 1)))
          (br $next))))
    (i32.store8 (local.get $o) (local.get $number))
    (i32.add (local.get $o) (i32.const 1)))

  ;; Write a string, from after its quotation mark; where both end. 0 where it is none.
  (func $string (param $p i32) (param $o i32) (result i32 i32)
    (local $from i32) (local $to i32) (local $chunk v128) (local $special i32)
    (local.set $from (local.get $p))
    (local.set $to (i32.add (local.get $o) (i32.const 1)))
    (loop $next
      (local.set $chunk (v128.load (local.get $p)))
      (v128.store (local.get $to) (local.get $chunk))
      ;; Quotation marks, backslashes, control characters and, negative, what is not ASCII.
      (local.set $special (i8x16.bitmask (v128.or
        (v128.or
          (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 34)))
          (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 92))))
        (i8x16.lt_s (local.get $chunk) (i8x16.splat (i32.const 32))))))
      (if (i32.eqz (local.get $special))
        (then
          (local.set $p (i32.add (local.get $p) (i32.const 16)))
          (local.set $to (i32.add (local.get $to) (i32.const 16)))
          (br $next))))
    (local.set $p (i32.add (local.get $p) (i32.ctz (local.get $special))))
    (if (i32.ne (i32.load8_u (local.get $p)) (i32.const 34))
      (then (return (call $long_string (local.get $from) (local.get $o)))))
    (local.set $special (i32.sub (local.get $p) (local.get $from))) ;; its length
    (if (i32.lt_u (local.get $special) (i32.const 64))
      (then
        (i32.store8 (local.get $o) (i32.shl (local.get $special) (i32.const 1)))
        (return
          (i32.add (local.get $p) (i32.const 1))
          (i32.add (i32.add (local.get $o) (i32.const 1)) (local.get $special)))))
    (local.set $to (call $put_leb (local.get $o) (i32.shl (local.get $special) (i32.const 1))))
    (memory.copy (local.get $to) (local.get $from) (local.get $special))
    (i32.add (local.get $p) (i32.const 1))
    (i32.add (local.get $to) (local.get $special)))

  ;; The same for one with escapes, or with what is not ASCII: as UTF-16 first.
  (func $long_string (param $p i32) (param $o i32) (result i32 i32)
    (local $from i32) (local $to i32) (local $c i32) (local $all i32) (local $units i32)
    (local.set $from (i32.add (local.get $o) (i32.const 5)))
    (local.set $to (local.get $from))
    (block $ended
      (loop $next
        (local.set $c (i32.load8_u (local.get $p)))
        (br_if $ended (i32.eq (local.get $c) (i32.const 34)))
        (if (i32.lt_u (local.get $c) (i32.const 32)) (then (return (i32.const 0) (i32.const 0))))
        (if (i32.eq (local.get $c) (i32.const 92))
          (then
            (local.set $c (call $escaped (local.get $p)))
            (if (i32.lt_s (local.get $c) (i32.const 0)) (then (return (i32.const 0) (i32.const 0))))
            (local.set $p (i32.add (local.get $p)
              (select (i32.const 6) (i32.const 2)
                (i32.eq (i32.load8_u offset=1 (local.get $p)) (i32.const 117))))))
          (else
            (if (i32.lt_u (local.get $c) (i32.const 128))
              (then (local.set $p (i32.add (local.get $p) (i32.const 1))))
              (else
                (call $code_point (local.get $p))
                (local.set $p)
                (local.set $c)
                (if (i32.eqz (local.get $p)) (then (return (i32.const 0) (i32.const 0))))
                (if (i32.gt_u (local.get $c) (i32.const 0xffff))
                  (then
                    (i32.store16 (local.get $to)
                      (i32.add (i32.shr_u (local.get $c) (i32.const 10)) (i32.const 0xd7c0)))
                    (local.set $to (i32.add (local.get $to) (i32.const 2)))
                    (local.set $c
                      (i32.or (i32.and (local.get $c) (i32.const 0x3ff)) (i32.const 0xdc00)))))))))
        (i32.store16 (local.get $to) (local.get $c))
        (local.set $all (i32.or (local.get $all) (local.get $c)))
        (local.set $to (i32.add (local.get $to) (i32.const 2)))
        (br $next)))
    (local.set $p (i32.add (local.get $p) (i32.const 1)))
    (local.set $units (i32.shr_u (i32.sub (local.get $to) (local.get $from)) (i32.const 1)))
    (if (i32.gt_u (local.get $all) (i32.const 255))
      (then
        (local.set $to (call $put_leb (local.get $o)
          (i32.or (i32.shl (local.get $units) (i32.const 1)) (i32.const 1))))
        (local.set $units (i32.shl (local.get $units) (i32.const 1))) ;; bytes
        (memory.copy (local.get $to) (local.get $from) (local.get $units))
        (return (local.get $p) (i32.add (local.get $to) (local.get $units)))))
    (local.set $o (call $put_leb (local.get $o) (i32.shl (local.get $units) (i32.const 1))))
    (block $narrow
      (loop $next
        (br_if $narrow (i32.eq (local.get $from) (local.get $to)))
        (i32.store8 (local.get $o) (i32.load8_u (local.get $from)))
        (local.set $o (i32.add (local.get $o) (i32.const 1)))
        (local.set $from (i32.add (local.get $from) (i32.const 2)))
        (br $next)))
    (local.get $p)
    (local.get $o))

  ;; The unit that an escape stands for; below 0 where it is none.
  (func $escaped (param $p i32) (result i32) (local $c i32) (local $last i32) (local $unit i32)
    (local.set $c (i32.load8_u offset=1 (local.get $p)))
    (if (i32.or (i32.eq (local.get $c) (i32.const 34))
          (i32.or (i32.eq (local.get $c) (i32.const 92)) (i32.eq (local.get $c) (i32.const 47))))
      (then (return (local.get $c))))
    (if (i32.eq (local.get $c) (i32.const 98)) (then (return (i32.const 8))))
    (if (i32.eq (local.get $c) (i32.const 102)) (then (return (i32.const 12))))
    (if (i32.eq (local.get $c) (i32.const 110)) (then (return (i32.const 10))))
    (if (i32.eq (local.get $c) (i32.const 114)) (then (return (i32.const 13))))
    (if (i32.eq (local.get $c) (i32.const 116)) (then (return (i32.const 9))))
    (if (i32.ne (local.get $c) (i32.const 117)) (then (return (i32.const -1))))
    (local.set $last (i32.add (local.get $p) (i32.const 5)))
    (local.set $p (i32.add (local.get $p) (i32.const 2)))
    (loop $next
      (local.set $c (i32.load8_u (local.get $p)))
      (if (call $is_digit (local.get $c))
        (then (local.set $c (i32.sub (local.get $c) (i32.const 48))))
        (else
          (local.set $c (i32.sub (i32.or (local.get $c) (i32.const 32)) (i32.const 97)))
          (if (i32.gt_u (local.get $c) (i32.const 5)) (then (return (i32.const -1))))
          (local.set $c (i32.add (local.get $c) (i32.const 10)))))
      (local.set $unit (i32.or (i32.shl (local.get $unit) (i32.const 4)) (local.get $c)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.le_u (local.get $p) (local.get $last))))
    (local.get $unit))

  ;; A code point in UTF-8 that is not ASCII, and where it ends: 0 where it is none.
  (func $code_point (param $p i32) (result i32 i32) (local $c i32) (local $more i32) (local $least i32)
    (local.set $c (i32.load8_u (local.get $p)))
    (if (i32.lt_u (local.get $c) (i32.const 0xc2)) (then (return (i32.const 0) (i32.const 0))))
    (if (i32.lt_u (local.get $c) (i32.const 0xe0))
      (then
        (local.set $c (i32.and (local.get $c) (i32.const 0x1f)))
        (local.set $more (i32.const 1)))
      (else
        (if (i32.lt_u (local.get $c) (i32.const 0xf0))
          (then
            (local.set $c (i32.and (local.get $c) (i32.const 0x0f)))
            (local.set $more (i32.const 2))
            (local.set $least (i32.const 0x800)))
          (else
            (if (i32.gt_u (local.get $c) (i32.const 0xf4)) (then (return (i32.const 0) (i32.const 0))))
            (local.set $c (i32.and (local.get $c) (i32.const 0x07)))
            (local.set $more (i32.const 3))
            (local.set $least (i32.const 0x10000))))))
    (loop $next
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (if (i32.ne (i32.and (i32.load8_u (local.get $p)) (i32.const 0xc0)) (i32.const 0x80))
        (then (return (i32.const 0) (i32.const 0))))
      (local.set $c (i32.or (i32.shl (local.get $c) (i32.const 6))
        (i32.and (i32.load8_u (local.get $p)) (i32.const 0x3f))))
      (local.set $more (i32.sub (local.get $more) (i32.const 1)))
      (br_if $next (local.get $more)))
    (if (i32.or
          (i32.or
            (i32.lt_u (local.get $c) (local.get $least))
            (i32.gt_u (local.get $c) (i32.const 0x10ffff)))
          (i32.eq (i32.and (local.get $c) (i32.const 0x1ff800)) (i32.const 0xd800)))
      (then (return (i32.const 0) (i32.const 0))))
    (local.get $c)
    (i32.add (local.get $p) (i32.const 1)))

  ;; Write a number as an integer or a double; where both end. 0 where it is none.
  (func $number (param $p i32) (param $o i32) (result i32 i32)
    (local $from i32) (local $c i32) (local $negative i32) (local $digits i32) (local $begin i32)
    (local $mantissa i64) (local $exponent i32) (local $told i32) (local $below i32) (local $value f64)
    (local.set $from (local.get $p))
    (local.set $c (i32.load8_u (local.get $p)))
    (if (i32.eq (local.get $c) (i32.const 45))
      (then
        (local.set $negative (i32.const 1))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (local.set $c (i32.load8_u (local.get $p)))))
    (local.set $begin (local.get $p))
    (block $whole
      (loop $next
        (br_if $whole (i32.eqz (call $is_digit (local.get $c))))
        (local.set $mantissa (i64.add (i64.mul (local.get $mantissa) (i64.const 10))
          (i64.extend_i32_u (i32.sub (local.get $c) (i32.const 48)))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (local.set $c (i32.load8_u (local.get $p)))
        (br $next)))
    (local.set $digits (i32.sub (local.get $p) (local.get $begin)))
    (if (i32.eqz (local.get $digits)) (then (return (i32.const 0) (i32.const 0))))
    (if (i32.and
          (i32.gt_u (local.get $digits) (i32.const 1))
          (i32.eq (i32.load8_u (local.get $begin)) (i32.const 48)))
      (then (return (i32.const 0) (i32.const 0))))
    (if (i32.eq (local.get $c) (i32.const 46))
      (then
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (local.set $begin (local.get $p))
        (block $fraction
          (loop $next
            (local.set $c (i32.load8_u (local.get $p)))
            (br_if $fraction (i32.eqz (call $is_digit (local.get $c))))
            (local.set $mantissa (i64.add (i64.mul (local.get $mantissa) (i64.const 10))
              (i64.extend_i32_u (i32.sub (local.get $c) (i32.const 48)))))
            (local.set $p (i32.add (local.get $p) (i32.const 1)))
            (br $next)))
        (local.set $exponent (i32.sub (local.get $begin) (local.get $p)))
        (if (i32.eqz (local.get $exponent)) (then (return (i32.const 0) (i32.const 0))))
        (local.set $digits (i32.sub (local.get $digits) (local.get $exponent))))
      (else
        (if (i32.and
              (i32.and
                (i32.lt_u (local.get $digits) (i32.const 10))
                (i32.ne (i32.or (local.get $c) (i32.const 32)) (i32.const 101)))
              (i32.or (i32.eqz (local.get $negative)) (i64.ne (local.get $mantissa) (i64.const 0))))
          (then ;; an integer, in zigzag
            (i32.store8 (local.get $o) (i32.const 5))
            (return
              (local.get $p)
              (call $put_leb
                (i32.add (local.get $o) (i32.const 1))
                (i32.sub
                  (i32.shl (i32.wrap_i64 (local.get $mantissa)) (i32.const 1))
                  (local.get $negative))))))))
    (if (i32.eq (i32.or (local.get $c) (i32.const 32)) (i32.const 101))
      (then
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (local.set $c (i32.load8_u (local.get $p)))
        (local.set $below (i32.eq (local.get $c) (i32.const 45)))
        (if (i32.or (local.get $below) (i32.eq (local.get $c) (i32.const 43)))
          (then (local.set $p (i32.add (local.get $p) (i32.const 1)))))
        (local.set $begin (local.get $p))
        (block $power
          (loop $next
            (local.set $c (i32.load8_u (local.get $p)))
            (br_if $power (i32.eqz (call $is_digit (local.get $c))))
            (if (i32.lt_u (local.get $told) (i32.const 10000))
              (then (local.set $told (i32.add (i32.mul (local.get $told) (i32.const 10))
                (i32.sub (local.get $c) (i32.const 48))))))
            (local.set $p (i32.add (local.get $p) (i32.const 1)))
            (br $next)))
        (if (i32.eq (local.get $p) (local.get $begin)) (then (return (i32.const 0) (i32.const 0))))
        (local.set $exponent (i32.add (local.get $exponent)
          (select (i32.sub (i32.const 0) (local.get $told)) (local.get $told) (local.get $below))))))
    (i32.store8 (local.get $o) (i32.const 6))
    ;; A mantissa and a power of ten that doubles have exactly: one rounding.
    (if (i32.and
          (i32.and
            (i32.le_u (local.get $digits) (i32.const 18))
            (i64.le_u (local.get $mantissa) (i64.const 0x20000000000000)))
          (i32.le_u (i32.add (local.get $exponent) (i32.const 22)) (i32.const 44)))
      (then
        (local.set $value (f64.convert_i64_u (local.get $mantissa)))
        (if (i32.lt_s (local.get $exponent) (i32.const 0))
          (then (local.set $value (f64.div (local.get $value)
            (f64.load offset=0xa000
              (i32.shl (i32.sub (i32.const 0) (local.get $exponent)) (i32.const 3))))))
          (else (local.set $value (f64.mul (local.get $value)
            (f64.load offset=0xa000 (i32.shl (local.get $exponent) (i32.const 3)))))))
        (f64.store offset=1 (local.get $o)
          (select (f64.neg (local.get $value)) (local.get $value) (local.get $negative)))
        (return (local.get $p) (i32.add (local.get $o) (i32.const 9)))))
    (if (i32.eq (global.get $hard) (i32.const 64)) (then (return (i32.const 0) (i32.const 0))))
    (local.set $told (i32.add (i32.const 0xa800) (i32.mul (global.get $hard) (i32.const 12))))
    (i32.store (local.get $told) (i32.add (local.get $o) (i32.const 1)))
    (i32.store offset=4 (local.get $told) (local.get $from))
    (i32.store offset=8 (local.get $told) (i32.sub (local.get $p) (local.get $from)))
    (global.set $hard (i32.add (global.get $hard) (i32.const 1)))
    (local.get $p)
    (i32.add (local.get $o) (i32.const 9)))

  ;; Write a name and pass its colon; where both end. 0 where there is none.
  (func $name (param $p i32) (param $o i32) (result i32 i32)
    (local $from i32) (local $length i32) (local $special i32) (local $chunk v128)
    (local $hash i64) (local $slot i32) (local $place i32) (local $tries i32)
    (local.set $p (call $skip (local.get $p)))
    (if (i32.ne (i32.load8_u (local.get $p)) (i32.const 34))
      (then (return (i32.const 0) (i32.const 0))))
    (local.set $p (i32.add (local.get $p) (i32.const 1)))
    (local.set $from (local.get $p))
    (loop $next
      (local.set $chunk (v128.load (local.get $p)))
      (local.set $special (i8x16.bitmask (v128.or
        (v128.or
          (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 34)))
          (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 92))))
        (i8x16.lt_u (local.get $chunk) (i8x16.splat (i32.const 32))))))
      (if (i32.eqz (local.get $special))
        (then
          (local.set $p (i32.add (local.get $p) (i32.const 16)))
          (br $next))))
    (local.set $p (i32.add (local.get $p) (i32.ctz (local.get $special))))
    (if (i32.ne (i32.load8_u (local.get $p)) (i32.const 34))
      (then (return (i32.const 0) (i32.const 0))))
    (local.set $length (i32.sub (local.get $p) (local.get $from)))
    (local.set $p (call $skip (i32.add (local.get $p) (i32.const 1))))
    (if (i32.ne (i32.load8_u (local.get $p)) (i32.const 58))
      (then (return (i32.const 0) (i32.const 0))))
    (local.set $p (i32.add (local.get $p) (i32.const 1)))
    ;; The index of an array has a form of its own.
    (if (call $is_digit (i32.load8_u (local.get $from)))
      (then
        (local.set $hash (call $array_index (local.get $from) (local.get $length)))
        (if (i64.ge_s (local.get $hash) (i64.const 0))
          (then
            (return
              (local.get $p)
              (call $put_leb (local.get $o)
                (i32.or (i32.shl (i32.wrap_i64 (local.get $hash)) (i32.const 1)) (i32.const 1))))))))
    (local.set $hash (call $hash (local.get $from) (local.get $length)))
    (local.set $slot (i32.wrap_i64 (i64.shr_u (local.get $hash) (i64.const 53)))) ;; of 2,048
    (block $known
      (block $new
        (loop $next
          (local.set $place (i32.add (i32.const 0x4000) (i32.mul (local.get $slot) (i32.const 12))))
          (br_if $new (i32.eqz (i32.load (local.get $place))))
          (if (i32.eq (i32.load offset=4 (local.get $place)) (local.get $length))
            (then
              (br_if $known (call $are_equal
                (i32.load (local.get $place)) (local.get $from) (local.get $length)))))
          (local.set $slot (i32.and (i32.add (local.get $slot) (i32.const 1)) (i32.const 2047)))
          (local.set $tries (i32.add (local.get $tries) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $tries) (i32.const 16)))
          (return (i32.const 0) (i32.const 0))))
      ;; A new one. It may become three times as long while it is written.
      (if (i32.or
            (i32.eq (global.get $names) (i32.const 1024))
            (i32.gt_u
              (i32.add (global.get $names_end) (i32.mul (local.get $length) (i32.const 3)))
              (i32.const 0x1ffc0)))
        (then (return (i32.const 0) (i32.const 0))))
      (i32.store (local.get $place) (local.get $from))
      (i32.store offset=4 (local.get $place) (local.get $length))
      (global.set $names (i32.add (global.get $names) (i32.const 1)))
      (i32.store offset=8 (local.get $place) (global.get $names))
      (i32.store8 (global.get $names_end) (i32.const 1)) ;; a string, and no symbol
      (call $string (local.get $from) (i32.add (global.get $names_end) (i32.const 1)))
      (global.set $names_end)
      (if (i32.eqz) (then (return (i32.const 0) (i32.const 0)))))
    (local.get $p)
    (call $put_leb (local.get $o) (i32.shl (i32.load offset=8 (local.get $place)) (i32.const 1))))

  ;; The index that a name is, below 2 ** 31; below 0 where it is none.
  (func $array_index (param $p i32) (param $length i32) (result i64) (local $end i32) (local $index i64)
    (if (i32.or
          (i32.gt_u (local.get $length) (i32.const 10))
          (i32.and
            (i32.gt_u (local.get $length) (i32.const 1))
            (i32.eq (i32.load8_u (local.get $p)) (i32.const 48))))
      (then (return (i64.const -1))))
    (local.set $end (i32.add (local.get $p) (local.get $length)))
    (loop $next
      (if (i32.eqz (call $is_digit (i32.load8_u (local.get $p)))) (then (return (i64.const -1))))
      (local.set $index (i64.add (i64.mul (local.get $index) (i64.const 10))
        (i64.extend_i32_u (i32.sub (i32.load8_u (local.get $p)) (i32.const 48)))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $p) (local.get $end))))
    (select (local.get $index) (i64.const -1) (i64.lt_u (local.get $index) (i64.const 0x80000000))))

  ;; Of a name's first and last eight bytes.
  (func $hash (param $p i32) (param $length i32) (result i64) (local $first i64) (local $last i64)
    (local.set $first (i64.load (local.get $p)))
    (if (i32.lt_u (local.get $length) (i32.const 8))
      (then
        (local.set $first (i64.and (local.get $first) (i64.sub
          (i64.shl (i64.const 1) (i64.extend_i32_u (i32.shl (local.get $length) (i32.const 3))))
          (i64.const 1)))))
      (else
        (local.set $last
          (i64.load (i32.sub (i32.add (local.get $p) (local.get $length)) (i32.const 8))))))
    (local.set $first (i64.mul
      (i64.xor (local.get $first) (i64.rotl (local.get $last) (i64.const 29)))
      (i64.const 0x9e3779b97f4a7c15)))
    (i64.mul
      (i64.add
        (i64.xor (local.get $first) (i64.shr_u (local.get $first) (i64.const 32)))
        (i64.extend_i32_u (local.get $length)))
      (i64.const 0x9e3779b97f4a7c15)))

  (func $are_equal (param $a i32) (param $b i32) (param $length i32) (result i32) (local $same i32)
    (loop $next
      (local.set $same (i8x16.bitmask
        (i8x16.eq (v128.load (local.get $a)) (v128.load (local.get $b)))))
      (if (i32.le_u (local.get $length) (i32.const 16))
        (then ;; the first bit of what differs is past the end
          (return (i32.ge_u
            (i32.ctz (i32.or (i32.xor (local.get $same) (i32.const 0xffff)) (i32.const 0x10000)))
            (local.get $length)))))
      (if (i32.ne (local.get $same) (i32.const 0xffff)) (then (return (i32.const 0))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (local.set $length (i32.sub (local.get $length) (i32.const 16)))
      (br $next))
    (unreachable))

  ;; Seven bits of four bytes each: LEB128 of a fixed size.
  (func $put_count (param $place i32) (param $count i32)
    (i32.store (local.get $place) (i32.or
      (i32.or
        (i32.or (i32.and (local.get $count) (i32.const 0x7f)) (i32.const 0x808080))
        (i32.shl (i32.and (local.get $count) (i32.const 0x3f80)) (i32.const 1)))
      (i32.or
        (i32.shl (i32.and (local.get $count) (i32.const 0x1fc000)) (i32.const 2))
        (i32.shl (i32.and (local.get $count) (i32.const 0xfe00000)) (i32.const 3))))))

  ;; Transcode the text from $p to $end, which zeros follow. What comes of it begins before $out:
  ;; where, its length, and how many numbers the host has to put in. 0 where it cannot be done.
  (func (export "transcode") (param $p i32) (param $end i32) (param $out i32) (param $version i32)
    (result i32 i32 i32)
    (local $o i32) (local $c i32) (local $depth i32)
    (local $closes i32) (local $place i32) (local $count i32) ;; of the container that it is in
    (memory.fill (i32.const 0x4000) (i32.const 0) (i32.const 0x6000))
    (global.set $names (i32.const 0))
    (global.set $names_end (i32.const 0x10000))
    (global.set $hard (i32.const 0))
    (local.set $o (local.get $out))
    (block $fails
      (block $done
        (loop $value
          (block $ended
            (local.set $p (call $skip (local.get $p)))
            (local.set $c (i32.load8_u (local.get $p)))
            (if (i32.eq (local.get $c) (i32.const 34))
              (then
                (i32.store8 (local.get $o) (i32.const 7))
                (call $string
                  (i32.add (local.get $p) (i32.const 1)) (i32.add (local.get $o) (i32.const 1)))
                (local.set $o)
                (local.set $p)
                (br_if $fails (i32.eqz (local.get $p)))
                (br $ended)))
            (if (i32.eq (i32.or (local.get $c) (i32.const 32)) (i32.const 123)) ;; { or [
              (then
                (br_if $fails (i32.eq (local.get $depth) (i32.const 12000)))
                (i32.store (local.get $depth) (local.get $closes))
                (i32.store offset=4 (local.get $depth) (local.get $place))
                (i32.store offset=8 (local.get $depth) (local.get $count))
                (local.set $depth (i32.add (local.get $depth) (i32.const 12)))
                (local.set $closes (i32.add (local.get $c) (i32.const 2)))
                (local.set $count (i32.const 0))
                (i32.store8 (local.get $o)
                  (select (i32.const 8) (i32.const 9) (i32.eq (local.get $c) (i32.const 123))))
                (local.set $place (i32.add (local.get $o) (i32.const 1)))
                (local.set $o (i32.add (local.get $o) (i32.const 5)))
                (local.set $p (call $skip (i32.add (local.get $p) (i32.const 1))))
                (if (i32.eq (i32.load8_u (local.get $p)) (local.get $closes))
                  (then
                    (local.set $count (i32.const -1)) ;; as if one ended before
                    (br $ended)))
                (br_if $value (i32.eq (local.get $c) (i32.const 91)))
                (call $name (local.get $p) (local.get $o))
                (local.set $o)
                (local.set $p)
                (br_if $fails (i32.eqz (local.get $p)))
                (br $value)))
            (if (i32.or (call $is_digit (local.get $c)) (i32.eq (local.get $c) (i32.const 45)))
              (then
                (call $number (local.get $p) (local.get $o))
                (local.set $o)
                (local.set $p)
                (br_if $fails (i32.eqz (local.get $p)))
                (br $ended)))
            (if (i32.eq (i32.load (local.get $p)) (i32.const 0x65757274)) ;; true
              (then
                (i32.store8 (local.get $o) (i32.const 4))
                (local.set $p (i32.add (local.get $p) (i32.const 4))))
              (else
                (if (i32.eq (i32.load (local.get $p)) (i32.const 0x6c6c756e)) ;; null
                  (then
                    (i32.store8 (local.get $o) (i32.const 1))
                    (local.set $p (i32.add (local.get $p) (i32.const 4))))
                  (else
                    (br_if $fails (i32.ne (local.get $c) (i32.const 102))) ;; false
                    (br_if $fails
                      (i32.ne (i32.load offset=1 (local.get $p)) (i32.const 0x65736c61)))
                    (i32.store8 (local.get $o) (i32.const 3))
                    (local.set $p (i32.add (local.get $p) (i32.const 5)))))))
            (local.set $o (i32.add (local.get $o) (i32.const 1))))
          (loop $after
            (local.set $p (call $skip (local.get $p)))
            (br_if $done (i32.eqz (local.get $depth)))
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $c (i32.load8_u (local.get $p)))
            (local.set $p (i32.add (local.get $p) (i32.const 1)))
            (if (i32.eq (local.get $c) (local.get $closes))
              (then
                (call $put_count (local.get $place) (local.get $count))
                (local.set $depth (i32.sub (local.get $depth) (i32.const 12)))
                (local.set $closes (i32.load (local.get $depth)))
                (local.set $place (i32.load offset=4 (local.get $depth)))
                (local.set $count (i32.load offset=8 (local.get $depth)))
                (br $after)))
            (br_if $fails (i32.ne (local.get $c) (i32.const 44)))
            (br_if $value (i32.eq (local.get $closes) (i32.const 93)))
            (call $name (local.get $p) (local.get $o))
            (local.set $o)
            (local.set $p)
            (br_if $value (local.get $p))
            (br $fails))))
      (br_if $fails (i32.ne (local.get $p) (local.get $end)))
      ;; Before it: the version, no checksum, and the names.
      (local.set $count (i32.sub (global.get $names_end) (i32.const 0x10000)))
      (local.set $place (i32.sub (local.get $out) (local.get $count)))
      (memory.copy (local.get $place) (i32.const 0x10000) (local.get $count))
      (local.set $place (i32.sub (local.get $place)
        (select (i32.const 6) (i32.const 7) (i32.lt_u (global.get $names) (i32.const 128)))))
      (i32.store8 (local.get $place) (local.get $version))
      (i32.store offset=1 (local.get $place) (i32.const -1))
      (drop (call $put_leb (i32.add (local.get $place) (i32.const 5)) (global.get $names)))
      (return
        (local.get $place) (i32.sub (local.get $o) (local.get $place)) (global.get $hard)))
    (i32.const 0)
    (i32.const 0)
    (i32.const 0)))
