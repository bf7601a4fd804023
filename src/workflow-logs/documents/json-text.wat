;; The two loops over every byte of a payload: escaping UTF-8 for the inside of a JSON string, and decoding words out of JSON while escaping them anew.
;; `npm run wasm` makes json-text-code.ts of it. What the functions are for stands with their callers in json-text.ts and search-text.ts.
;;
;; Memory, filled and sized by json-text.ts:
;;      0  256 patterns of 16 bytes: which byte of a block comes where, when the bits of the pattern's number mark those that take a backslash
;;   4096  for each byte 0 when it stands as it is, 1 when it is written \u00xx, else the letter behind the backslash
;;   4352  the sixteen digits in hex
;;   4368  for each byte its value as a digit in hex, 255 when it is none
;;   4624  for each ASCII character what it stands for behind a backslash
;;   4752  what $decode returns beside its place: the place behind what it wrote, the room left, and 1 when there is nothing more to come
(module
  (memory (export "memory") 2)

  ;; Writes a byte to $to, escaped if it must be; returns the place behind it.
  (func $escapeByte (param $byte i32) (param $to i32) (result i32)
    (local $letter i32)
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
              (local.set $to (call $escapeByte (i32.load8_u (local.get $at)) (local.get $to)))
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
        (local.set $to (call $escapeByte (i32.load8_u (local.get $at)) (local.get $to)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $rest)))
    (i32.sub (local.get $to) (local.get $start)))

  ;; The number that four digits at $at stand for; negative when they are none.
  (func $hexCode (param $at i32) (result i32)
    (local $high i32) (local $low i32)
    (local.set $high
      (i32.or
        (i32.shl (i32.load8_s offset=4368 (i32.load8_u (local.get $at))) (i32.const 4))
        (i32.load8_s offset=4368 (i32.load8_u offset=1 (local.get $at)))))
    (local.set $low
      (i32.or
        (i32.shl (i32.load8_s offset=4368 (i32.load8_u offset=2 (local.get $at))) (i32.const 4))
        (i32.load8_s offset=4368 (i32.load8_u offset=3 (local.get $at)))))
    (if (result i32) (i32.lt_s (i32.or (local.get $high) (local.get $low)) (i32.const 0))
      (then (i32.const -1))
      (else (i32.or (i32.shl (local.get $high) (i32.const 8)) (local.get $low)))))

  ;; Writes a code point from 0x80 on as UTF-8 to $to, U+FFFD for half of a pair; returns the place behind it.
  (func $writePoint (param $point i32) (param $to i32) (result i32)
    (if (i32.eq (i32.and (local.get $point) (i32.const 0xfffff800)) (i32.const 0xd800))
      (then (local.set $point (i32.const 0xfffd))))
    (if (i32.lt_u (local.get $point) (i32.const 0x800))
      (then
        (i32.store8 (local.get $to) (i32.or (i32.const 0xc0) (i32.shr_u (local.get $point) (i32.const 6))))
        (i32.store8 offset=1 (local.get $to) (i32.or (i32.const 0x80) (i32.and (local.get $point) (i32.const 0x3f))))
        (return (i32.add (local.get $to) (i32.const 2)))))
    (if (i32.ge_u (local.get $point) (i32.const 0x10000))
      (then
        (i32.store8 (local.get $to) (i32.or (i32.const 0xf0) (i32.shr_u (local.get $point) (i32.const 18))))
        (i32.store8 offset=1 (local.get $to)
          (i32.or (i32.const 0x80) (i32.and (i32.shr_u (local.get $point) (i32.const 12)) (i32.const 0x3f))))
        (local.set $to (i32.add (local.get $to) (i32.const 1))))
      (else
        (i32.store8 (local.get $to) (i32.or (i32.const 0xe0) (i32.shr_u (local.get $point) (i32.const 12))))))
    (i32.store8 offset=1 (local.get $to)
      (i32.or (i32.const 0x80) (i32.and (i32.shr_u (local.get $point) (i32.const 6)) (i32.const 0x3f))))
    (i32.store8 offset=2 (local.get $to) (i32.or (i32.const 0x80) (i32.and (local.get $point) (i32.const 0x3f))))
    (i32.add (local.get $to) (i32.const 3)))

  ;; Writes the text from $at on to $to, escaped, until $end, until $room UTF-16 units are written, and if it $isString until the quote that ends it, its
  ;; escapes decoded. Unless $isLast, more may follow $end, and what might be part of an escape there is left. Returns the place behind what was read.
  (func (export "decode")
    (param $at i32) (param $end i32) (param $to i32) (param $room i32) (param $isString i32) (param $isLast i32) (result i32)
    (local $byte i32) (local $code i32) (local $low i32) (local $size i32) (local $ended i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (br_if $done (i32.and (i32.eqz (local.get $isLast)) (i32.gt_u (i32.add (local.get $at) (i32.const 12)) (local.get $end))))
        (local.set $ended (i32.const 1))
        (br_if $done (i32.eqz (local.get $room)))
        (local.set $byte (i32.load8_u (local.get $at)))

        (block $character
          ;; ASCII that stands as it is.
          (if (i32.and (i32.lt_u (local.get $byte) (i32.const 0x80)) (i32.eqz (i32.load8_u offset=4096 (local.get $byte))))
            (then
              (i32.store8 (local.get $to) (local.get $byte))
              (local.set $to (i32.add (local.get $to) (i32.const 1)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (local.set $room (i32.sub (local.get $room) (i32.const 1)))
              (br $character)))

          (if (local.get $isString)
            (then
              (br_if $done (i32.eq (local.get $byte) (i32.const 0x22)))
              (if (i32.eq (local.get $byte) (i32.const 0x5c))
                (then
                  (local.set $at (i32.add (local.get $at) (i32.const 1)))
                  (br_if $character (i32.ge_u (local.get $at) (local.get $end))) ;; cut off behind a backslash
                  (local.set $byte (i32.load8_u (local.get $at)))
                  (local.set $code (i32.const -1))
                  (if (i32.and (i32.eq (local.get $byte) (i32.const 0x75)) (i32.lt_u (i32.add (local.get $at) (i32.const 4)) (local.get $end)))
                    (then
                      (local.set $code (call $hexCode (i32.add (local.get $at) (i32.const 1))))
                      (if (i32.ge_s (local.get $code) (i32.const 0x80))
                        (then
                          ;; The first half of a pair may have its second behind it, as \uxxxx too.
                          (local.set $low (i32.const -1))
                          (if (i32.and
                                (i32.eq (i32.and (local.get $code) (i32.const 0xfc00)) (i32.const 0xd800))
                                (i32.lt_u (i32.add (local.get $at) (i32.const 10)) (local.get $end)))
                            (then
                              (if (i32.eq (i32.load16_u offset=5 align=1 (local.get $at)) (i32.const 0x755c))
                                (then (local.set $low (call $hexCode (i32.add (local.get $at) (i32.const 7))))))))
                          (if (i32.eq (i32.and (local.get $low) (i32.const 0xfffffc00)) (i32.const 0xdc00))
                            (then
                              (br_if $done (i32.eq (local.get $room) (i32.const 1)))
                              (local.set $to
                                (call $writePoint
                                  (i32.add
                                    (i32.const 0x10000)
                                    (i32.or (i32.shl (i32.and (local.get $code) (i32.const 0x3ff)) (i32.const 10)) (i32.and (local.get $low) (i32.const 0x3ff))))
                                  (local.get $to)))
                              (local.set $at (i32.add (local.get $at) (i32.const 11)))
                              (local.set $room (i32.sub (local.get $room) (i32.const 2)))
                              (br $character)))
                          (local.set $to (call $writePoint (local.get $code) (local.get $to)))
                          (local.set $at (i32.add (local.get $at) (i32.const 5)))
                          (local.set $room (i32.sub (local.get $room) (i32.const 1)))
                          (br $character)))))
                  (if (i32.ge_s (local.get $code) (i32.const 0))
                    (then
                      (local.set $byte (local.get $code))
                      (local.set $at (i32.add (local.get $at) (i32.const 4))))
                    (else
                      (if (i32.lt_u (local.get $byte) (i32.const 0x80))
                        (then (local.set $byte (i32.load8_u offset=4624 (local.get $byte)))))))))))

          (if (i32.lt_u (local.get $byte) (i32.const 0x80))
            (then
              (local.set $to (call $escapeByte (local.get $byte) (local.get $to)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (local.set $room (i32.sub (local.get $room) (i32.const 1)))
              (br $character)))

          ;; A character of several bytes; four of them are two units.
          (local.set $size
            (i32.add
              (i32.const 2)
              (i32.add (i32.ge_u (local.get $byte) (i32.const 0xe0)) (i32.ge_u (local.get $byte) (i32.const 0xf0)))))
          (br_if $done (i32.and (i32.eq (local.get $size) (i32.const 4)) (i32.eq (local.get $room) (i32.const 1))))
          (if (i32.gt_u (i32.add (local.get $at) (local.get $size)) (local.get $end))
            (then ;; cut off within it
              (local.set $to (call $writePoint (i32.const 0xfffd) (local.get $to)))
              (local.set $at (local.get $end))
              (local.set $room (i32.sub (local.get $room) (i32.const 1)))
              (br $character)))
          (i32.store align=1 (local.get $to) (i32.load align=1 (local.get $at)))
          (local.set $at (i32.add (local.get $at) (local.get $size)))
          (local.set $to (i32.add (local.get $to) (local.get $size)))
          (local.set $room (i32.sub (i32.sub (local.get $room) (i32.const 1)) (i32.eq (local.get $size) (i32.const 4)))))

        (local.set $ended (i32.const 0))
        (br $next)))
    (i32.store (i32.const 4752) (local.get $to))
    (i32.store (i32.const 4756) (local.get $room))
    (i32.store (i32.const 4760) (local.get $ended))
    (local.get $at)))
