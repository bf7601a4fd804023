;; The inside of a JSON string as a field of COPY's text format. `npm run wasm` makes copy-text-code.ts of it; its caller is copy-lines.ts.
;;
;; Memory:
;;      0  what $copyText returns beside its place: the place behind what it wrote
;;     16  for each byte its value as a digit in hex, 255 when it is none
;;    512  the text; then room for what comes of it
(module
  (memory (export "memory") 2)

  (func $hex (param $at i32) (result i32)
    (i32.load8_u offset=16 (i32.load8_u (local.get $at))))

  ;; Writes the text from $at to $end to $to: an escape of JSON is mostly one of COPY too. Returns the place behind what was read, which is before $end where an
  ;; escape is cut off there or stands for a character that is not ASCII, and at a control character.
  (func (export "copyText") (param $at i32) (param $end i32) (param $to i32) (result i32)
    (local $block v128) (local $marked i32) (local $byte i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $block (v128.load align=1 (local.get $at)))
        (v128.store align=1 (local.get $to) (local.get $block))
        (local.set $marked
          (i8x16.bitmask
            (v128.or
              (i8x16.lt_u (local.get $block) (v128.const i64x2 0x2020202020202020 0x2020202020202020))
              (i8x16.eq (local.get $block) (v128.const i64x2 0x5c5c5c5c5c5c5c5c 0x5c5c5c5c5c5c5c5c)))))
        (if (i32.eqz (local.get $marked))
          (then
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (br $next)))
        (local.set $marked (i32.ctz (local.get $marked)))
        (local.set $at (i32.add (local.get $at) (local.get $marked)))
        (local.set $to (i32.add (local.get $to) (local.get $marked)))
        (br_if $done (i32.ge_u (i32.add (local.get $at) (i32.const 1)) (local.get $end)))
        (br_if $done (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x5c)))
        (local.set $byte (i32.load8_u offset=1 (local.get $at)))

        (if (i32.ne (local.get $byte) (i32.const 0x75))
          (then
            ;; a quote and a slash need no escape here, the others have the same
            (if (i32.or (i32.eq (local.get $byte) (i32.const 0x22)) (i32.eq (local.get $byte) (i32.const 0x2f)))
              (then
                (i32.store8 (local.get $to) (local.get $byte))
                (local.set $to (i32.add (local.get $to) (i32.const 1))))
              (else
                (i32.store8 (local.get $to) (i32.const 0x5c))
                (i32.store8 offset=1 (local.get $to) (local.get $byte))
                (local.set $to (i32.add (local.get $to) (i32.const 2)))))
            (local.set $at (i32.add (local.get $at) (i32.const 2)))
            (br $next)))

        ;; Four digits: of ASCII the first two are zeros and the third is below eight. COPY has two digits for it.
        (br_if $done (i32.gt_u (i32.add (local.get $at) (i32.const 6)) (local.get $end)))
        (br_if $done (call $hex (i32.add (local.get $at) (i32.const 2))))
        (br_if $done (call $hex (i32.add (local.get $at) (i32.const 3))))
        (br_if $done (i32.gt_u (call $hex (i32.add (local.get $at) (i32.const 4))) (i32.const 7)))
        (br_if $done (i32.gt_u (call $hex (i32.add (local.get $at) (i32.const 5))) (i32.const 15)))
        (i32.store8 (local.get $to) (i32.const 0x5c))
        (i32.store8 offset=1 (local.get $to) (i32.const 0x78))
        (i32.store8 offset=2 (local.get $to) (i32.load8_u offset=4 (local.get $at)))
        (i32.store8 offset=3 (local.get $to) (i32.load8_u offset=5 (local.get $at)))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))
        (local.set $at (i32.add (local.get $at) (i32.const 6)))
        (br $next)))
    ;; the last block may have been copied beyond the end
    (if (i32.gt_u (local.get $at) (local.get $end))
      (then
        (local.set $to (i32.sub (local.get $to) (i32.sub (local.get $at) (local.get $end))))
        (local.set $at (local.get $end))))
    (i32.store (i32.const 0) (local.get $to))
    (local.get $at)))
