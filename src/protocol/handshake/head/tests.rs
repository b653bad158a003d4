use super::*;

/// Reads the head at once and byte by byte; both must come to the same, the
/// latter possibly before the end.
fn parse(input: &[u8]) -> Result<Option<RequestHead<'_>>, HeadError> {
    let at_once = parse_head(input);
    let byte_by_byte = (0..=input.len())
        .map(|end| parse_head(&input[..end]))
        .find(|result| *result != Ok(None))
        .unwrap_or(Ok(None));
    assert_eq!(at_once, byte_by_byte);
    at_once
}

fn is_malformed(input: &[u8]) -> bool {
    parse(input) == Err(HeadError::Malformed)
}

#[test]
fn reads_a_head_and_leaves_what_follows() {
    let input =
        b"GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\nx: \t a b \t\r\n\r\nrest";
    let head = parse_head(input).ok().flatten();
    assert!(head.is_some());
    let Some(head) = head else { return };
    assert_eq!(
        (head.method, head.target, head.minor_version),
        ("GET", "/chat?a=b", 1)
    );
    assert_eq!(
        head.headers,
        [
            ("Host", &b"example.com"[..]),
            ("X-Empty", b""),
            ("x", b"a b"),
        ]
    );
    assert_eq!(&input[head.length..], b"rest");
}

#[test]
fn a_head_is_incomplete_up_to_its_last_byte() {
    let input = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for end in 0..input.len() {
        assert_eq!(parse_head(&input[..end]), Ok(None), "{end}");
    }
    assert!(matches!(parse_head(input), Ok(Some(_))));
}

#[test]
fn empty_lines_before_the_request_are_ignored_and_counted() {
    for blank in ["\r\n", "\n\n", "\r\n\r\n\r\n"] {
        let input = format!("{blank}GET / HTTP/1.0\r\n\r\n");
        let length = parse(input.as_bytes())
            .ok()
            .flatten()
            .map(|head| head.length);
        assert_eq!(length, Some(input.len()));
    }
}

#[test]
fn garbage_is_found_before_the_head_is_complete() {
    for garbage in [
        &b"\x16\x03\x01\x02"[..],
        b"HELLO",
        b"FOO / HTTP/1.1",
        b"get /",
        b"GETT",
        b"PRI * HTTP/2.0",
        b"GET foo ",
        b"GET / HTTP/1.2",
        b"GET / HTTP/3",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\n :",
        b"GET / HTTP/1.1\r\n:",
        b"GET / HTTP/1.1\r\nHost: a\n",
        b"GET / HTTP/1.1\r\nX: a\x01",
    ] {
        assert!(is_malformed(garbage), "{garbage:?}");
    }
}

#[test]
fn refuses_what_the_parser_of_node_refuses() {
    for head in [
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\rHost: a\r\r",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n",
        "GET / HTTP/1.1\r\nf(o: b\r\n\r\n",
        "GET / HTTP/1.1\r\n: b\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\x7fb\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
        "GET /\t HTTP/1.1\r\n\r\n",
        "GET /\u{e4} HTTP/1.1\r\n\r\n",
        "GET foo HTTP/1.1\r\n\r\n",
        "GET ?a HTTP/1.1\r\n\r\n",
        "GET http:/a HTTP/1.1\r\n\r\n",
        "GET ht-tp://a HTTP/1.1\r\n\r\n",
    ] {
        assert!(is_malformed(head.as_bytes()), "{head:?}");
    }
}

#[test]
fn takes_what_the_parser_of_node_takes() {
    for head in [
        &b"GET  / HTTP/1.1\r\n\r\n"[..],
        b"GET /  HTTP/1.1\r\n\r\n",
        b"GET http://a/b HTTP/1.1\r\n\r\n",
        b"GET * HTTP/1.1\r\n\r\n",
        b"GET /a#b?c#d HTTP/1.1\r\n\r\n",
        b"GET /\"<>{}|^` HTTP/1.1\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        b"M-SEARCH / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: \xe4\xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\tb\r\n\r\n",
    ] {
        assert!(matches!(parse(head), Ok(Some(_))), "{head:?}");
    }
}

/// A head whose target, names and values have so many bytes.
fn head_of_size(size: usize) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "v".repeat(size - 7)
    )
}

#[test]
fn a_head_is_too_large_at_16_kib_as_node_counts() {
    assert!(matches!(
        parse_head(head_of_size(MAX_HEAD_BYTES - 1).as_bytes()),
        Ok(Some(_))
    ));
    assert_eq!(
        parse_head(head_of_size(MAX_HEAD_BYTES).as_bytes()),
        Err(HeadError::TooLarge)
    );
}

#[test]
fn an_incomplete_head_may_be_too_large() {
    let target = format!("GET /{}", "a".repeat(MAX_HEAD_BYTES));
    assert_eq!(parse_head(target.as_bytes()), Err(HeadError::TooLarge));
    let value = head_of_size(MAX_HEAD_BYTES);
    assert_eq!(
        parse_head(&value.as_bytes()[..value.len() - 4]),
        Err(HeadError::TooLarge)
    );
}

#[test]
fn white_space_makes_a_head_too_large_at_32_kib() {
    let spaces = |count| format!("GET / HTTP/1.1\r\nX:{}a\r\n\r\n", " ".repeat(count));
    assert!(matches!(parse_head(spaces(20_000).as_bytes()), Ok(Some(_))));
    assert_eq!(
        parse_head(spaces(33_000).as_bytes()),
        Err(HeadError::TooLarge)
    );
    let blank = "\r\n".repeat(17_000);
    let head = format!("{blank}GET / HTTP/1.1\r\n");
    assert_eq!(parse_head(head.as_bytes()), Err(HeadError::TooLarge));
}

#[test]
fn headers_beyond_a_thousand_are_dropped() {
    for (count, kept) in [(64, 64), (65, 65), (1000, 1000), (1001, 1000), (4000, 1000)] {
        let head = format!("GET / HTTP/1.1\r\n{}\r\n", "a:\r\n".repeat(count));
        let headers = parse_head(head.as_bytes())
            .ok()
            .flatten()
            .map(|head| head.headers.len());
        assert_eq!(headers, Some(kept));
    }
    let head = format!("GET / HTTP/1.1\r\n{}\r\n", "a:\r\n".repeat(4001));
    assert_eq!(parse_head(head.as_bytes()), Err(HeadError::TooLarge));
}
