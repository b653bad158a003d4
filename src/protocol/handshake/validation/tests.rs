use super::super::parse_head;
use super::*;

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const VERSION: &str = "Sec-WebSocket-Version: 13";
const UPGRADE: &str = "Upgrade: websocket";

/// Validates a request given as method and headers and looks at the result.
fn validated<T>(
    method: &str,
    headers: &[&str],
    look: impl FnOnce(Validation<'_>) -> T,
) -> Option<T> {
    let line = format!("{method} / HTTP/1.1");
    let input = [&[&line[..]], headers, &["", ""]].concat().join("\r\n");
    let head = parse_head(input.as_bytes()).ok().flatten()?;
    Some(look(validate(&head)))
}

fn rejection(method: &str, headers: &[&str]) -> Option<Rejection> {
    validated(method, headers, |validation| {
        assert_eq!(
            validation.accept_key.is_none(),
            validation.rejection.is_some()
        );
        validation.rejection
    })
    .flatten()
}

#[test]
fn a_valid_handshake_has_its_accept_key() {
    let accept_key = validated("GET", &[UPGRADE, KEY, VERSION], |validation| {
        assert_eq!(validation.rejection, None);
        assert_eq!(validation.subprotocols, Ok(vec![]));
        assert!(validation.extensions_valid);
        validation.accept_key
    });
    assert_eq!(
        accept_key.flatten().as_deref(),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
}

#[test]
fn faults_are_found_in_the_order_of_ws() {
    for (method, headers, expected) in [
        ("POST", &["Upgrade: h2c"][..], Rejection::Method),
        ("GET", &["Upgrade: h2c"], Rejection::Upgrade),
        ("GET", &[KEY, VERSION], Rejection::Upgrade),
        ("GET", &[UPGRADE, UPGRADE, KEY, VERSION], Rejection::Upgrade),
        ("GET", &[UPGRADE], Rejection::Key),
        ("GET", &[UPGRADE, KEY, KEY, VERSION], Rejection::Key),
        ("GET", &[UPGRADE, KEY], Rejection::Version),
        ("GET", &[UPGRADE, KEY, VERSION, VERSION], Rejection::Version),
    ] {
        assert_eq!(
            rejection(method, headers),
            Some(expected),
            "{method} {headers:?}"
        );
    }
}

#[test]
fn the_protocol_is_compared_without_case() {
    assert_eq!(
        rejection("GET", &["uPGRADE: WebSocket", KEY, VERSION]),
        None
    );
}

#[test]
fn a_key_is_16_bytes_in_base64() {
    for key in [
        "",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQQ==",
        "dGhlIHNhbXBsZSBub25j-_==",
        "dGhl IHNhbXBsZSBub25jZ==",
    ] {
        let header = format!("Sec-WebSocket-Key: {key}");
        let result = rejection("GET", &[UPGRADE, &header, VERSION]);
        assert_eq!(result, Some(Rejection::Key), "{key:?}");
    }
    let header = "sec-websocket-key: ++//+09azAZabcdefghijQ==";
    assert_eq!(rejection("GET", &[UPGRADE, header, VERSION]), None);
}

#[test]
fn the_version_is_the_number_13_or_8() {
    for (version, valid) in [
        ("13", true),
        ("8", true),
        ("013", true),
        ("13.0", true),
        ("13.", true),
        ("+13", true),
        ("1.3e1", true),
        ("0xd", true),
        ("0X8", true),
        ("0o15", true),
        ("0b1101", true),
        ("", false),
        ("7", false),
        ("14", false),
        ("13a", false),
        ("0x", false),
        ("0x+d", false),
        ("+0xd", false),
        ("0xdg", false),
        ("0xfffffffff", false),
        ("13, 8", false),
        ("nan", false),
        ("inf", false),
        ("-13", false),
        ("\u{661}\u{663}", false),
    ] {
        let header = format!("Sec-WebSocket-Version: {version}");
        let result = rejection("GET", &[UPGRADE, KEY, &header]);
        assert_eq!(result.is_none(), valid, "{version:?}");
    }
}

#[test]
fn values_are_judged_without_a_head() {
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    let judged = |upgrade: Option<&str>, key: Option<&str>, version: Option<&str>| {
        let [upgrade, key, version] = [upgrade, key, version].map(|value| value.map(str::as_bytes));
        judge("GET", upgrade, key, version)
    };
    assert_eq!(
        judged(Some("websocket"), Some(key), Some(" 13\t")).as_deref(),
        Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    assert_eq!(
        judged(Some("websocket"), Some(key), None),
        Err(Rejection::Version)
    );
    assert_eq!(
        judged(Some("websocket"), None, Some("13")),
        Err(Rejection::Key)
    );
    assert_eq!(judged(None, Some(key), Some("13")), Err(Rejection::Upgrade));
    assert_eq!(judge("get", None, None, None), Err(Rejection::Method));
}

#[test]
fn subprotocols_and_extensions_are_judged_on_their_own() {
    let offers = "Sec-WebSocket-Protocol: foo, bar";
    let more = "Sec-WebSocket-Protocol: baz";
    let extension = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";
    let good = validated(
        "GET",
        &[UPGRADE, KEY, VERSION, offers, more, extension],
        |validation| {
            assert!(validation.extensions_valid);
            validation.subprotocols.ok().map(|names| names.join(" "))
        },
    );
    assert_eq!(good.flatten().as_deref(), Some("foo bar baz"));
    let bad = validated(
        "GET",
        &[
            UPGRADE,
            KEY,
            VERSION,
            "Sec-WebSocket-Protocol:",
            "Sec-WebSocket-Extensions: ,",
        ],
        |validation| {
            assert_eq!(validation.rejection, None);
            assert!(!validation.extensions_valid);
            validation.subprotocols.is_err()
        },
    );
    assert_eq!(bad, Some(true));
}

#[test]
fn each_rejection_has_its_number_status_and_message() {
    for (rejection, number, status, message) in [
        (Rejection::Method, 1, 405, "Invalid HTTP method"),
        (Rejection::Upgrade, 2, 400, "Invalid Upgrade header"),
        (
            Rejection::Key,
            3,
            400,
            "Missing or invalid Sec-WebSocket-Key header",
        ),
        (
            Rejection::Version,
            4,
            400,
            "Missing or invalid Sec-WebSocket-Version header",
        ),
    ] {
        assert_eq!(rejection.number(), number);
        assert_eq!(rejection.status(), status);
        assert_eq!(rejection.message(), message);
    }
}
