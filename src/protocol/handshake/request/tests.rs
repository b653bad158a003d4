use super::super::parse_head;
use super::*;

/// The intent of a request given as request line and headers.
fn intent(line: &str, headers: &[&str]) -> Result<Option<Intent>, HeadError> {
    let input = [&[line], headers, &["", ""]].concat().join("\r\n");
    parse_head(input.as_bytes()).map(|head| head.map(|head| head.intent()))
}

fn plain(line: &str, headers: &[&str]) -> Option<PlainRequest> {
    match intent(line, headers) {
        Ok(Some(Intent::Plain(plain))) => Some(plain),
        Ok(Some(Intent::Upgrade | Intent::Connect) | None) | Err(_) => None,
    }
}

fn body(headers: &[&str]) -> Option<Body> {
    plain("POST / HTTP/1.1", headers).map(|plain| plain.body)
}

#[test]
fn an_upgrade_needs_a_protocol_and_the_connection_option() {
    for (headers, expected) in [
        (&["Upgrade: websocket", "Connection: Upgrade"][..], true),
        (&["upgrade: h2c", "connection: x ,\tUPGRADE"], true),
        (
            &[
                "Upgrade: websocket",
                "Connection: keep-alive",
                "Connection: upgrade",
            ],
            true,
        ),
        (&["Upgrade: websocket", "Connection: close, Upgrade,"], true),
        (&["Upgrade: websocket", "Proxy-Connection: Upgrade"], true),
        (
            &[
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Content-Length: 5",
            ],
            true,
        ),
        (
            &[
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Transfer-Encoding: gzip",
            ],
            true,
        ),
        (&["Upgrade: websocket"], false),
        (&["Connection: Upgrade"], false),
        (&["Upgrade:", "Connection: Upgrade"], false),
        (
            &["Upgrade: websocket", "Connection: upgradex, x upgrade"],
            false,
        ),
    ] {
        for line in ["GET / HTTP/1.1", "GET / HTTP/1.0", "POST / HTTP/1.1"] {
            let is_upgrade = intent(line, headers) == Ok(Some(Intent::Upgrade));
            assert_eq!(is_upgrade, expected, "{line} {headers:?}");
        }
    }
}

#[test]
fn connect_asks_for_a_tunnel() {
    assert_eq!(
        intent("CONNECT a:1 HTTP/1.1", &["Host: a"]),
        Ok(Some(Intent::Connect))
    );
}

#[test]
fn a_connection_stays_as_its_version_and_options_say() {
    for (line, headers, keep_alive) in [
        ("GET / HTTP/1.1", &["Host: a"][..], true),
        ("GET / HTTP/1.1", &["Host: a", "Connection: close"], false),
        (
            "GET / HTTP/1.1",
            &["Host: a", "Connection: keep-alive, CLOSE"],
            false,
        ),
        (
            "GET / HTTP/1.1",
            &["Host: a", "Proxy-Connection: close"],
            false,
        ),
        ("GET / HTTP/1.0", &[], false),
        ("GET / HTTP/1.0", &["Connection: close"], false),
        ("GET / HTTP/1.0", &["Connection: Keep-Alive"], true),
        (
            "GET / HTTP/1.0",
            &["Connection: keep-alive", "Connection: close"],
            true,
        ),
    ] {
        for line in [line, &line.replace("GET", "HEAD")] {
            let answer = Answer::UpgradeRequired {
                keep_alive,
                head_only: line.starts_with("HEAD"),
            };
            let plain = plain(line, headers);
            assert_eq!(
                plain.map(|plain| plain.answer),
                Some(answer),
                "{line} {headers:?}"
            );
            assert_eq!(plain.map(|plain| plain.keep_alive()), Some(keep_alive));
        }
    }
}

#[test]
fn http_1_1_needs_a_host() {
    let missing = Answer::MissingHost { head_only: false };
    for headers in [&[][..], &["Expect: x"], &["Expect: 100-continue"]] {
        let plain = plain("GET / HTTP/1.1", headers);
        assert_eq!(
            plain.map(|plain| (plain.answer, plain.continues)),
            Some((missing, false))
        );
    }
    assert!(plain("GET / HTTP/1.1", &["Host:"]).is_some_and(|plain| plain.answer != missing));
}

#[test]
fn an_expectation_is_met_if_it_is_to_continue() {
    for (value, met) in [
        ("100-continue", true),
        ("x, 100-Continue;q", true),
        ("x-100-continue", true),
        ("x100-continue", false),
        ("100-continue_", false),
        ("", false),
    ] {
        let expect = format!("Expect: {value}");
        let plain = plain("GET / HTTP/1.1", &["Host: a", &expect]);
        assert!(plain.is_some_and(|plain| plain.continues == met), "{value}");
        let refused = Answer::ExpectationFailed {
            keep_alive: true,
            head_only: false,
        };
        assert!(
            plain.is_some_and(|plain| (plain.answer == refused) != met),
            "{value}"
        );
    }
    let old = plain("GET / HTTP/1.0", &["Expect: x"]);
    assert!(old.is_some_and(|plain| !plain.continues && !plain.keep_alive()));
}

#[test]
fn reads_which_body_follows() {
    for (headers, expected) in [
        (&["Host: a"][..], Body::None),
        (&["Host: a", "Content-Length: 0"], Body::None),
        (&["Host: a", "Content-Length: 003 "], Body::Length(3)),
        (
            &["Host: a", "content-length: 18446744073709551615"],
            Body::Length(u64::MAX),
        ),
        (&["Host: a", "Transfer-Encoding: CHUNKED"], Body::Chunked),
        (
            &["Host: a", "Transfer-Encoding: gzip,chunked"],
            Body::Chunked,
        ),
        (
            &[
                "Host: a",
                "Transfer-Encoding: gzip",
                "Transfer-Encoding: chunked",
            ],
            Body::Chunked,
        ),
        (&["Host: a", "Transfer-Encoding:"], Body::None),
        (&["Host: a", "Transfer-Encoding: gzip"], Body::Unreadable),
        (
            &["Host: a", "Transfer-Encoding: identity"],
            Body::Unreadable,
        ),
        (
            &["Host: a", "Transfer-Encoding: chunkedx"],
            Body::Unreadable,
        ),
        (
            &["Host: a", "Transfer-Encoding: gzip chunked"],
            Body::Unreadable,
        ),
    ] {
        assert_eq!(body(headers), Some(expected), "{headers:?}");
    }
}

#[test]
fn a_body_that_could_be_read_in_two_ways_is_malformed() {
    for headers in [
        &["Content-Length: 3", "Content-Length: 3"][..],
        &["Content-Length: 3, 3"],
        &["Content-Length: 3", "Transfer-Encoding: chunked"],
        &["Transfer-Encoding: gzip", "Content-Length: 3"],
        &["Content-Length: 3", "Transfer-Encoding:"],
        &["Content-Length:"],
        &["Content-Length: +1"],
        &["Content-Length: -1"],
        &["Content-Length: 3 3"],
        &["Content-Length: x"],
        &["Content-Length: 18446744073709551616"],
        &["Transfer-Encoding: chunked, gzip"],
        &["Transfer-Encoding: chunked, chunked"],
        &["Transfer-Encoding: chunked", "Transfer-Encoding: gzip"],
        &[
            "Content-Length: 3",
            "Transfer-Encoding: chunked",
            "Upgrade: websocket",
            "Connection: Upgrade",
        ],
    ] {
        assert_eq!(
            intent("POST / HTTP/1.1", headers),
            Err(HeadError::Malformed),
            "{headers:?}"
        );
    }
}

#[test]
fn joins_lines_as_node_does() {
    let input = b"GET / HTTP/1.1\r\nA: 1\r\nB: x\r\na: 2\r\na:\r\n\r\n";
    let head = parse_head(input).ok().flatten();
    let joined = |name| head.as_ref().and_then(|head| head.joined(name));
    assert_eq!(joined("a").as_deref(), Some(&b"1, 2, "[..]));
    assert_eq!(joined("b").as_deref(), Some(&b"x"[..]));
    assert_eq!(joined("c"), None);
}
