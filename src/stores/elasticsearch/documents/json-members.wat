;; Finds the members of a JSON object without parsing their values. `npm run wasm` makes json-members-code.ts of it; its caller is object-scanner.ts.
;;
;; Memory:
;;      0  how many members $members found
;;     16  for each member four places: of its key, behind the key, behind the colon, behind the value
;;  16400  the text
(module
  (memory (export "memory") 3)

  ;; The place behind the string that begins at $at; 0 when the text ends inside of it. Reads up to 16 bytes behind $end.
  (func $string (param $at i32) (param $end i32) (result i32)
    (local $block v128) (local $marked i32)
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (local.set $block (v128.load align=1 (local.get $at)))
      (local.set $marked
        (i8x16.bitmask
          (v128.or
            (i8x16.eq (local.get $block) (v128.const i64x2 0x2222222222222222 0x2222222222222222))
            (i8x16.eq (local.get $block) (v128.const i64x2 0x5c5c5c5c5c5c5c5c 0x5c5c5c5c5c5c5c5c)))))
      (if (i32.eqz (local.get $marked))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $next)))
      (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $marked))))
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x22))
        (then (return (i32.add (local.get $at) (i32.const 1)))))
      (local.set $at (i32.add (local.get $at) (i32.const 2))) ;; a backslash and what it escapes
      (br $next))
    (unreachable))

  ;; The first place from $at on that is no white space.
  (func $behindSpace (param $at i32) (param $end i32) (result i32)
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $end))
        (then
          (if (i32.le_u (i32.load8_u (local.get $at)) (i32.const 0x20))
            (then
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (br $next))))))
    (local.get $at))

  ;; The place behind the value that begins at $at; 0 when the text ends inside of it.
  (func $value (param $at i32) (param $end i32) (result i32)
    (local $depth i32) (local $byte i32) (local $bracket i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 0x22))
        (then
          (local.set $at (call $string (local.get $at) (local.get $end)))
          (if (i32.or (i32.eqz (local.get $at)) (i32.eqz (local.get $depth))) (then (return (local.get $at))))
          (br $next)))
      (if (i32.and (i32.eq (local.get $byte) (i32.const 0x2c)) (i32.eqz (local.get $depth)))
        (then (return (local.get $at))))
      (local.set $bracket (i32.or (local.get $byte) (i32.const 0x20))) ;; square ones are curly then
      (if (i32.eq (local.get $bracket) (i32.const 0x7b))
        (then (local.set $depth (i32.add (local.get $depth) (i32.const 1)))))
      (if (i32.eq (local.get $bracket) (i32.const 0x7d))
        (then
          (if (i32.eqz (local.get $depth)) (then (return (local.get $at)))) ;; the end of what holds a bare value
          (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
          (if (i32.eqz (local.get $depth)) (then (return (i32.add (local.get $at) (i32.const 1)))))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; Writes the places of the members of the object that begins at $at, at most so many. Returns the place behind the object; 0 when the text ends inside of
  ;; it, it has more members or is no object.
  (func (export "members") (param $at i32) (param $end i32) (param $most i32) (result i32)
    (local $count i32) (local $keyEnd i32) (local $colon i32) (local $valueEnd i32) (local $to i32)
    (local.set $to (i32.const 16))
    (local.set $at (call $behindSpace (i32.add (local.get $at) (i32.const 1)) (local.get $end)))
    (block $fail
      (block $noMore
        (loop $next
          (br_if $fail (i32.ge_u (local.get $at) (local.get $end)))
          (br_if $noMore (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x22)))
          (br_if $fail (i32.eq (local.get $count) (local.get $most)))
          (local.set $keyEnd (call $string (local.get $at) (local.get $end)))
          (br_if $fail (i32.eqz (local.get $keyEnd)))
          (local.set $colon (call $behindSpace (local.get $keyEnd) (local.get $end)))
          (br_if $fail (i32.ge_u (local.get $colon) (local.get $end)))
          (br_if $fail (i32.ne (i32.load8_u (local.get $colon)) (i32.const 0x3a)))
          (local.set $colon (i32.add (local.get $colon) (i32.const 1)))
          (local.set $valueEnd (call $value (local.get $colon) (local.get $end)))
          (br_if $fail (i32.eqz (local.get $valueEnd)))
          (local.set $valueEnd (call $behindSpace (local.get $valueEnd) (local.get $end)))
          (br_if $fail (i32.ge_u (local.get $valueEnd) (local.get $end)))
          (i32.store (local.get $to) (local.get $at))
          (i32.store offset=4 (local.get $to) (local.get $keyEnd))
          (i32.store offset=8 (local.get $to) (local.get $colon))
          (i32.store offset=12 (local.get $to) (local.get $valueEnd))
          (local.set $to (i32.add (local.get $to) (i32.const 16)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (local.set $at (local.get $valueEnd))
          (br_if $noMore (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x2c)))
          (local.set $at (call $behindSpace (i32.add (local.get $at) (i32.const 1)) (local.get $end)))
          (br $next)))
      (br_if $fail (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x7d)))
      (i32.store (i32.const 0) (local.get $count))
      (return (i32.add (local.get $at) (i32.const 1))))
    (i32.const 0)))
