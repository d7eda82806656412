use std::cmp::Ordering;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::number::Decimal;
use super::{Incoming, Rule};

const SEED: &str = "SELECT *, topic() as full_topic, timestamp() as received FROM 'rtjm/#'";
const RECEIVED: u64 = 1_790_000_000_123;

fn rule(sql: &str) -> Rule {
    Rule::new(sql, "out/${topic()}", None).unwrap_or_else(|failure| panic!("{sql}: {failure}"))
}

fn wrong(sql: &str) -> String {
    let failure = Rule::new(sql, "out", None).expect_err(sql);
    assert_eq!(failure.exit_status(), 2, "{sql}");
    failure.to_string()
}

fn bytes(rule: &Rule, payload: &[u8]) -> Option<Vec<u8>> {
    let incoming = Incoming {
        topic: "rtjm/plant/7",
        payload,
        received: RECEIVED,
    };
    rule.apply(&incoming)
        .unwrap()
        .map(|outgoing| outgoing.payload)
}

fn result(sql: &str, payload: &str) -> String {
    let result = bytes(&rule(sql), payload.as_bytes()).expect(sql);
    String::from_utf8(result).unwrap()
}

fn picks(condition: &str, payload: &Value) -> bool {
    let rule = rule(&format!("SELECT * FROM 'rtjm/#' WHERE {condition}"));
    bytes(&rule, payload.to_string().as_bytes()).is_some()
}

#[test]
fn the_rule_of_the_set_up_guides_adds_topic_and_time() {
    assert_eq!(
        result(SEED, r#"{"temp": 21.50, "at": {"b":1, "a":2}}"#),
        r#"{"temp":21.50,"at":{"b":1, "a":2},"full_topic":"rtjm/plant/7","received":1790000000123}"#
    );
    assert_eq!(
        result(SEED, ""),
        r#"{"full_topic":"rtjm/plant/7","received":1790000000123}"#
    );
}

#[test]
fn the_examples_of_the_reference_come_out() {
    let payload = r#"{"color":"red", "temperature":50}"#;
    for (select, expected) in [
        ("*", payload),
        ("color", r#"{"color":"red"}"#),
        ("color AS my_color", r#"{"my_color":"red"}"#),
        (
            "color as my_color, temperature as fahrenheit",
            r#"{"my_color":"red","fahrenheit":50}"#,
        ),
        (
            "*, 15 as speed",
            r#"{"color":"red","temperature":50,"speed":15}"#,
        ),
        (
            "null AS n, -1.5e3 as x, 'it''s' as t",
            r#"{"n":null,"x":-1.5e3,"t":"it's"}"#,
        ),
    ] {
        assert_eq!(
            result(&format!("SELECT {select} FROM 'a/b'"), payload),
            expected
        );
    }
    let nested = r#"{"color":{"red":255,"my-key":[1,{"x":"y"}]}}"#;
    for (select, expected) in [
        ("color.red as red_value", r#"{"red_value":255}"#),
        ("color.red", r#"{"red":255}"#),
        ("color.red as a.b, 1 as a.c", r#"{"a":{"b":255,"c":1}}"#),
        ("get(get(color, \"my-key\"), 1) as x", r#"{"x":{"x":"y"}}"#),
        ("color.blue.deep as x, nothing, get(color, 3) as y", "{}"),
        (
            "topic(1) as one, topic(3) as three, topic(4) as four",
            r#"{"one":"rtjm","three":"7"}"#,
        ),
        ("clientid() as c", r#"{"c":"n/a"}"#),
        (
            "encode(*, 'base64') as data",
            r#"{"data":"eyJjb2xvciI6eyJyZWQiOjI1NSwibXkta2V5IjpbMSx7IngiOiJ5In1dfX0="}"#,
        ),
    ] {
        assert_eq!(
            result(&format!("SELECT {select} FROM 'a/b'"), nested),
            expected
        );
    }
    let named = Rule::new("select clientid() as c from 'a/+/b'", "x", Some(3)).unwrap();
    assert_eq!(bytes(&named, b"{}").unwrap(), br#"{"c":"7"}"#);
}

#[test]
fn what_is_selected_twice_is_the_later_one_in_the_earlier_place() {
    assert_eq!(
        result("SELECT *, 2 as a FROM 'x'", r#"{"a":1,"b":1,"a":0}"#),
        r#"{"a":2,"b":1}"#
    );
}

#[test]
fn numbers_and_texts_go_through_as_they_are_written() {
    let odd = r#"{"n":12345678901234567890.1234567890e-5,"z":1.0,"s":"\u00e9\/","big":1e999}"#;
    assert_eq!(
        result("SELECT * , 1 as k FROM 'x'", odd),
        format!("{},\"k\":1}}", &odd[..odd.len() - 1])
    );
}

#[test]
fn a_payload_that_is_no_object_is_never_lost() {
    for payload in [
        &b"21.5"[..],
        b"\xff\x00\xfe",
        b"[1, 2]",
        b"{\"a\":",
        b"ON",
        b"{\"\\ud800\":1}",
    ] {
        assert_eq!(bytes(&rule("SELECT * FROM 'x'"), payload).unwrap(), payload);
    }
    for sql in [
        "SELECT *, topic(1) as t FROM 'x'",
        "SELECT temp, topic(1) as t FROM 'x'",
    ] {
        assert_eq!(result(sql, "21.50"), r#"{"payload":21.50,"t":"rtjm"}"#);
        assert_eq!(result(sql, " [1, 2]"), r#"{"payload":[1, 2],"t":"rtjm"}"#);
        assert_eq!(result(sql, "ON"), r#"{"payload_base64":"T04=","t":"rtjm"}"#);
        let bytes = bytes(&rule(sql), b"\xff\x00").unwrap();
        assert_eq!(bytes, br#"{"payload_base64":"/wA=","t":"rtjm"}"#);
    }
    // Who asks for nothing of the payload gets nothing of it.
    assert_eq!(
        result("SELECT topic(1) as t FROM 'x'", "ON"),
        r#"{"t":"rtjm"}"#
    );
    assert_eq!(
        result("SELECT encode(*, 'base64') as data FROM 'x'", "ON"),
        r#"{"data":"T04="}"#
    );
    let rule = rule("SELECT * FROM 'rtjm/#' WHERE topic(2) = 'plant' AND temp > 5");
    let apply = |topic| {
        rule.apply(&Incoming {
            topic,
            payload: b"ON",
            received: 0,
        })
    };
    assert!(
        apply("rtjm/plant")
            .unwrap_err()
            .why
            .contains("no JSON object")
    );
    assert_eq!(apply("rtjm/b"), Ok(None));
}

#[test]
fn conditions_compare_as_the_reference_says() {
    let payload = json!({
        "n": 5, "d": 5.0, "s": "5", "t": "x", "yes": true, "no": "FALSE", "null": null,
        "list": [1, {"a": 2}], "object": {"a": 1, "b": 2}, "same": {"b": 2, "a": 1}, "deep": {"er": 7}
    });
    for (condition, expected) in [
        ("n = 5", true),
        ("n = d", true),
        ("n <> d", false),
        ("n = s", false),
        ("n <> s", true),
        ("s > 4", true),
        ("s >= 5.0", true),
        ("s < '5.01'", true),
        ("t > 4", false),
        ("NOT t > 4", false),
        ("n <= 4.999", false),
        ("-1 < n", true),
        ("deep.er > n", true),
        ("t = 'x'", true),
        ("t = 'X'", false),
        ("t <> \"y\"", true),
        ("yes", true),
        ("yes = true", true),
        ("no = false", false),
        ("NOT no", true),
        ("n", false),
        ("null = null", true),
        ("null <> null", false),
        ("n = null", false),
        ("n <> null", true),
        ("object = same", true),
        ("object <> same", false),
        ("list = list", true),
        ("list = object", false),
        ("nothing = 1", false),
        ("nothing <> 1", false),
        ("NOT nothing = 1", false),
        ("yes OR nothing = 1", false),
        ("yes AND nothing = 1", false),
        ("n = 5 AND t = 'y' OR yes", true),
        ("n = 5 AND (t = 'y' OR yes)", true),
        ("NOT (n = 5 AND t = 'y')", true),
        ("NOT n = 5 OR t = 'x'", true),
        ("NOT NOT yes", true),
        ("topic(2) = 'plant' and timestamp() > 1700000000000", true),
        ("get(list, 0) = 1", true),
        ("get(list, 5) = 1", false),
        ("get(object, 'b') = 2", true),
    ] {
        assert_eq!(picks(condition, &payload), expected, "{condition}");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (sql, at, words) in [
        ("", 1, "expected SELECT, found the end"),
        ("SELECT FROM 'a'", 8, "expected a value, found `FROM`"),
        ("SELECT *, FROM 'a'", 11, "expected a value"),
        ("SELECT * FROM rtjm/#", 15, "quotation marks"),
        ("SELECT * FROM 'a", 15, "has no end"),
        (
            "SELECT * FROM 'a' WHERE",
            24,
            "expected a value, found the end",
        ),
        ("SELECT * FROM 'a' LIMIT 5", 19, "expected WHERE or the end"),
        ("SELECT * FROM 'a' WHERE b == 1", 28, "expected a value"),
        ("SELECT * FROM 'a' WHERE b != 1", 27, "write <>"),
        ("SELECT * FROM 'a' WHERE b = 1 = 2", 31, "parentheses"),
        ("SELECT temp + 1 as x FROM 'a'", 13, "no arithmetic"),
        ("SELECT temp - 1 as x FROM 'a'", 13, "expected FROM"),
        ("SELECT topic() FROM 'a'", 16, "expected AS"),
        ("SELECT topic(0) as x FROM 'a'", 14, "counted from 1"),
        ("SELECT lower(a) as x FROM 'a'", 8, "no function `lower`"),
        ("SELECT VALUE a FROM 'a'", 8, "SELECT VALUE"),
        ("SELECT *, * FROM 'a'", 13, "more than one *"),
        ("SELECT a as select FROM 'a'", 13, "expected a name"),
        ("SELECT 007 as a FROM 'a'", 8, "no number"),
    ] {
        let told = wrong(sql);
        let place = format!("line 1, character {at}: ");
        assert!(
            told.contains(&place) && told.contains(words),
            "{sql}: {told}"
        );
    }
    let told = wrong("SELECT a,\n  é ;b\nFROM 'x'");
    assert!(told.contains("line 2, character 3: `é`"), "{told}");
    assert!(told.ends_with("\n    é ;b\n    ^"), "{told}");
    assert!(wrong("SELECT * FROM 'a#'").contains("a#"));
    assert!(
        wrong(&format!(
            "SELECT {}1{} as a FROM 'x'",
            "(".repeat(33),
            ")".repeat(33)
        ))
        .contains("deep")
    );
    assert!(wrong(&format!("SELECT {}1 as a FROM 'x'", "NOT ".repeat(33))).contains("NOT"));
    assert!(wrong(&format!("SELECT a{} FROM 'x'", ".a".repeat(33))).contains("names"));
    let long = format!("SELECT {}", "a,".repeat(40_000));
    assert!(wrong(&long).contains("65,536"));
    // Width is no depth.
    let wide = format!(
        "SELECT * FROM 'rtjm/#' WHERE {}true",
        "true AND ".repeat(5_000)
    );
    assert!(bytes(&rule(&wide), b"{}").is_some());
}

#[test]
fn a_rule_is_not_given_its_own_results() {
    for (filter, target) in [
        ("rtjm/#", "${topic()}"),
        ("rtjm/#", "rtjm/out"),
        ("#", "out/${topic()}"),
        ("a/+", "a/${topic(2)}"),
        ("rtjm/#", "${topic(1)}/out"),
    ] {
        let told = Rule::new(&format!("SELECT * FROM '{filter}'"), target, None).expect_err(target);
        assert!(told.to_string().contains("own results"), "{told}");
    }
    let rule = Rule::new("SELECT * FROM 'a/+'", "${place}/x", None).unwrap();
    let apply = |payload: &[u8]| {
        rule.apply(&Incoming {
            topic: "a/b",
            payload,
            received: 0,
        })
    };
    let refused = apply(br#"{"place":"a"}"#).unwrap_err();
    assert_eq!(refused.target.as_deref(), Some("a/x"));
    assert!(refused.why.contains("its own result"), "{}", refused.why);
    assert_eq!(apply(br#"{"place":"b"}"#).unwrap().unwrap().topic, "b/x");
}

#[test]
fn templates_are_texts_with_values_in_them() {
    let incoming = Incoming {
        topic: "rtjm/7/x",
        payload: br#"{"s":"on","n":1.50,"b":true,"o":{},"wild":"a/+"}"#,
        received: 12,
    };
    let topic = |template: &str| {
        let rule = Rule::new("SELECT * FROM 'rtjm/#'", template, None).unwrap();
        rule.apply(&incoming)
            .map(|outgoing| outgoing.unwrap().topic)
    };
    for (template, expected) in [
        ("plain", "plain"),
        ("o/${topic()}", "o/rtjm/7/x"),
        ("o/${ topic( 2 ) }/${s}${n}/${b}", "o/7/on1.50/true"),
        ("$$aws/${timestamp()}", "$aws/12"),
        ("cost$", "cost$"),
        ("o/${'}'}", "o/}"),
    ] {
        assert_eq!(topic(template).as_deref(), Ok(expected));
    }
    for refused in ["${o}", "x/${nothing}", "x/${topic(9)}", "${wild}"] {
        assert!(topic(refused).is_err(), "{refused}");
    }
    for (wrong, words) in [
        ("a/${topic(}", "expected )"),
        ("a/${", "expected a value"),
        ("${a b}", "expected }"),
        ("${a", "expected }"),
    ] {
        let told = Rule::new("SELECT * FROM 'x'", wrong, None)
            .expect_err(wrong)
            .to_string();
        assert!(
            told.contains(words) && told.contains("the topic to republish to"),
            "{told}"
        );
    }
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "SELECT",
        "FROM",
        "WHERE",
        "AS",
        "AND",
        "OR",
        "NOT",
        "*",
        ",",
        "(",
        ")",
        ".",
        "=",
        "<>",
        "<",
        ">=",
        "-",
        "}",
        "'a/#'",
        "'b",
        "a",
        "topic",
        "get",
        "encode",
        "'base64'",
        "timestamp()",
        "1",
        "2.5e3",
        "null",
        "true",
        "${",
        "\"",
        "é",
    ]);
    prop::collection::vec(word, 0..24).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in prop_oneof![any::<String>(), words(), words().prop_map(|text| format!("SELECT {text} FROM 'a'"))]) {
        for (sql, target) in [(&*text, "x"), ("SELECT * FROM 'a'", &*text)] {
            match Rule::new(sql, target, None) {
                Ok(rule) => {
                    let incoming = Incoming { topic: "a", payload: br#"{"a":[1]}"#, received: 1 };
                    let _ = rule.apply(&incoming);
                }
                Err(failure) => prop_assert!(!failure.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn any_payload_goes_through_whole(payload in prop::collection::vec(any::<u8>(), 1..80)) {
        let all = rule("SELECT * FROM 'rtjm/#'");
        prop_assert_eq!(bytes(&all, &payload).unwrap(), payload.clone());
        let more: Value = serde_json::from_slice(&bytes(&rule(SEED), &payload).unwrap()).unwrap();
        prop_assert_eq!(&more["received"], &json!(RECEIVED));
        if let Some(text) = more["payload_base64"].as_str() {
            use base64ct::{Base64, Encoding};
            prop_assert_eq!(Base64::decode_vec(text).unwrap(), payload);
        } else if let Some(value) = more.get("payload") {
            prop_assert_eq!(value, &serde_json::from_slice::<Value>(&payload).unwrap());
        }
    }

    #[test]
    fn numbers_compare_as_integers_do(left in any::<i32>(), right in any::<i32>(), scale in 0_u32..4) {
        let number = |value: i32| {
            let scaled = i64::from(value) * 10_i64.pow(scale);
            let forms = [format!("{value}"), format!("{value}.000"), format!("{scaled}e-{scale}"), format!("{value}E+0")];
            forms.map(|text| Decimal::parse(&text).unwrap())
        };
        for (left_form, right_form) in number(left).iter().zip(number(right).iter().rev()) {
            prop_assert_eq!(left_form.cmp(right_form), left.cmp(&right));
        }
    }
}

#[test]
fn numbers_are_compared_without_rounding() {
    let compare = |left: &str, right: &str| {
        Decimal::parse(left)
            .unwrap()
            .cmp(&Decimal::parse(right).unwrap())
    };
    for (less, more) in [
        ("9007199254740992", "9007199254740993"),
        ("0.1", "0.10000000000000000000000001"),
        ("-1e999999999999999999", "-1"),
        ("1e-99999999999999999999", "1"),
        ("-0.002", "-0.001"),
        ("0", "1e-400"),
        ("9", "10"),
    ] {
        assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
        assert_eq!(compare(more, less), Ordering::Greater);
    }
    for equal in ["0", "-0", "0.00", "0e5", "00"] {
        assert_eq!(compare("0", equal), Ordering::Equal);
    }
    for wrong in [
        "", "-", "1.", ".1", "1e", "e1", "1x", "+1", "--1", "1.5.5", "١",
    ] {
        assert_eq!(Decimal::parse(wrong), None, "{wrong}");
    }
}
