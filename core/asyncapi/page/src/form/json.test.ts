import assert from "node:assert/strict";
import { test } from "node:test";
import { at, compare, equal, from, isInteger, multiple, Num, parse, plain, step, typeOf, write, type Json, type Obj } from "./json";

test("numbers keep their digits", () => {
  for (const text of ["9223372036854775807", "18446744073709551615", "0.10", "1e5", "-0", "123456789012345678901234567890.5E+3"]) {
    assert.equal(write(parse(text)), text);
    assert.equal(write(parse(`{"a":[${text}]}`)), `{"a":[${text}]}`);
  }
});

test("what is written is read", () => {
  for (const text of ['{"a":{"b":[1,{},[],null,true,false,""]},"__proto__":{"toString":1}}', '"\\u2028\\n\\"é😀"', "[[],{}]", '{"":0}']) {
    const value = parse(text);
    assert.equal(write(parse(write(value))), write(value));
    assert.equal(write(parse(write(value, 2))), write(value));
    assert.deepEqual(JSON.parse(write(value)), JSON.parse(text));
  }
  assert.equal(write(parse('{"a":[1,2],"b":{},"c":[]}'), 2), '{\n  "a": [\n    1,\n    2\n  ],\n  "b": {},\n  "c": []\n}');
});

test("reading agrees with JSON.parse", () => {
  const texts = [
    "",
    " ",
    "{",
    "[1,]",
    "{,}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "01",
    "1.",
    ".5",
    "+1",
    "-",
    "1e",
    "nul",
    "nulll",
    "true false",
    '"\t"',
    '"\\x"',
    '"\\u12"',
    "'a'",
    "NaN",
    "[1 2]",
    " [ 1 , 2 ] \n",
    "\u00a01",
    "{}}",
    "-1.5e-3",
    '"',
    "]",
  ];
  for (const text of texts) {
    let good = true;
    try {
      JSON.parse(text);
    } catch {
      good = false;
    }
    if (good) assert.deepEqual(JSON.parse(write(parse(text))), JSON.parse(text));
    else assert.throws(() => parse(text), SyntaxError, text);
  }
});

test("an error says where it is", () => {
  const cases: [string, RegExp][] = [
    ['{\n  "a": x\n}', /^line 2, column 8: /],
    ['{"a":1,\n"a":2}', /^line 2, column 1: the name "a" is there twice/],
    ["[1", /^line 1, column 3: ] was expected/],
    ["{} x", /^line 1, column 4: /],
    ["[1\n\n  2]", /^line 3, column 3: ] was expected/],
    ["[".repeat(2000), /nested too deep/],
  ];
  for (const [text, message] of cases)
    assert.throws(
      () => parse(text),
      (error: Error) => message.test(error.message) || assert.fail(error.message),
    );
});

test("numbers are compared by what they are worth", () => {
  const n = (text: string) => new Num(text);
  assert.ok(compare(n("9223372036854775807"), n("9223372036854775808")) < 0);
  assert.ok(compare(n("1e3"), n("999")) > 0);
  assert.equal(compare(n("1.0"), n("1")), 0);
  assert.ok(compare(n("-2"), n("0.5")) < 0);
  assert.ok(compare(n("1e400"), n("5")) > 0);
  assert.ok(isInteger(n("1.0")) && isInteger(n("1e2")) && !isInteger(n("1.5")));
  assert.ok(multiple(n("9007199254740993"), n("3")) && !multiple(n("9007199254740993"), n("2")));
  assert.ok(multiple(n("0.3"), n("0.1")) && !multiple(n("0.35"), n("0.1")) && multiple(n("4.5"), n("1.5")));
});

test("equality knows no order of members", () => {
  assert.ok(equal(parse('{"a":1,"b":[1.0]}'), parse('{"b":[1],"a":1e0}')));
  assert.ok(!equal(parse('["1"]'), parse("[1]")) && !equal(parse("[1,2]"), parse("[2,1]")) && !equal(parse("null"), parse('"null"')));
});

test("values of JSON.parse, types and pointers", () => {
  const value = from(JSON.parse('{"a/b":{"~":[1.5,true,"x",null]},"__proto__":1}')) as Obj;
  assert.equal(write(value), '{"a/b":{"~":[1.5,true,"x",null]},"__proto__":1}');
  const path = step(step(step("", "a/b"), "~"), 0);
  assert.equal(path, "/a~1b/~0/0");
  assert.equal(write(at(value, path) as Json), "1.5");
  assert.equal(at(value, "/constructor"), undefined);
  assert.equal(at(value, "/a~1b/~0/9"), undefined);
  assert.deepEqual(
    ["null", "true", "1", "1.0", "1.5", '""', "[]", "{}"].map((text) => typeOf(parse(text))),
    ["null", "boolean", "integer", "integer", "number", "string", "array", "object"],
  );
  assert.equal(plain("a"), "a");
  assert.equal(plain(new Num("12")), "12");
});
