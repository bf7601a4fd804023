;; Escapes UTF-8 for the inside of a JSON string, eight bytes at a time. `npm run wasm` makes json-escapes-code.ts of it.
;;
;; Memory, filled and sized by json-escapes.ts:
;;      0  256 patterns of 16 bytes: which byte of a block comes where, when the bits of the pattern's number mark those that take a backslash
;;   4096  for each byte 0 when it stands as it is, 1 when it is written \u00xx, else the letter behind the backslash
;;   4352  the sixteen digits in hex
(module
  (memory (export "memory") 2)

  ;; Writes the byte at $at to $to; returns the place behind it.
  (func $escapeByte (param $at i32) (param $to i32) (result i32)
    (local $byte i32) (local $letter i32)
    (local.set $byte (i32.load8_u (local.get $at)))
    (local.set $letter (i32.load8_u offset=4096 (local.get $byte)))
    (if (i32.eqz (local.get $letter))
      (then
        (i32.store8 (local.get $to) (local.get $byte))
        (return (i32.add (local.get $to) (i32.const 1)))))
    (i32.store8 (local.get $to) (i32.const 0x5c))
    (if (i32.gt_u (local.get $letter) (i32.const 1))
      (then
        (i32.store8 offset=1 (local.get $to) (local.get $letter))
        (return (i32.add (local.get $to) (i32.const 2)))))
    (i32.store offset=1 align=1 (local.get $to) (i32.const 0x30303075)) ;; "u000", of which the last is written over
    (i32.store8 offset=4 (local.get $to) (i32.load8_u offset=4352 (i32.shr_u (local.get $byte) (i32.const 4))))
    (i32.store8 offset=5 (local.get $to) (i32.load8_u offset=4352 (i32.and (local.get $byte) (i32.const 15))))
    (i32.add (local.get $to) (i32.const 6)))

  ;; Writes the bytes from $at to $end to $start and on; returns how many they are then. Up to 8 bytes behind them are written too.
  (func (export "escape") (param $at i32) (param $end i32) (param $start i32) (result i32)
    (local $to i32) (local $block v128) (local $blockEnd i32) (local $marked i32)
    (local.set $to (local.get $start))
    (block $noBlockLeft
      (loop $nextBlock
        (local.set $blockEnd (i32.add (local.get $at) (i32.const 8)))
        (br_if $noBlockLeft (i32.gt_u (local.get $blockEnd) (local.get $end)))

        ;; The block in the lower half, backslashes in the upper.
        (local.set $block
          (v128.or (v128.load64_zero (local.get $at)) (v128.const i64x2 0 0x5c5c5c5c5c5c5c5c)))

        ;; A control character somewhere: byte by byte.
        (if (v128.any_true (i8x16.lt_u (local.get $block) (v128.const i64x2 0x2020202020202020 0x2020202020202020)))
          (then
            (loop $nextByte
              (local.set $to (call $escapeByte (local.get $at) (local.get $to)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br_if $nextByte (i32.lt_u (local.get $at) (local.get $blockEnd))))
            (br $nextBlock)))

        ;; Quotes and backslashes get a backslash before them.
        (local.set $marked
          (i32.and
            (i32.const 0xff)
            (i8x16.bitmask
              (v128.or
                (i8x16.eq (local.get $block) (v128.const i64x2 0x2222222222222222 0x2222222222222222))
                (i8x16.eq (local.get $block) (v128.const i64x2 0x5c5c5c5c5c5c5c5c 0x5c5c5c5c5c5c5c5c))))))
        (v128.store align=1
          (local.get $to)
          (i8x16.swizzle (local.get $block) (v128.load (i32.shl (local.get $marked) (i32.const 4)))))
        (local.set $to (i32.add (local.get $to) (i32.add (i32.const 8) (i32.popcnt (local.get $marked)))))
        (local.set $at (local.get $blockEnd))
        (br $nextBlock)))

    (block $done
      (loop $rest
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $to (call $escapeByte (local.get $at) (local.get $to)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $rest)))
    (i32.sub (local.get $to) (local.get $start))))
