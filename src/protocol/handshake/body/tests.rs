use super::*;

/// How many bytes belong to the body, if it ends; the same byte by byte.
fn end_of(body: Body, input: &[u8]) -> Result<Option<usize>, HeadError> {
    let mut skipper = BodySkipper::new(body);
    let at_once = skipper
        .skip(input)
        .map(|count| skipper.is_done().then_some(count));

    let mut skipper = BodySkipper::new(body);
    let mut total = 0;
    let mut result = Ok(());
    for byte in input.chunks(1) {
        match skipper.skip(byte) {
            Ok(count) => total += count,
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    let byte_by_byte = result.map(|()| skipper.is_done().then_some(total));
    assert_eq!(at_once, byte_by_byte);
    at_once
}

#[test]
fn no_body_ends_at_once() {
    assert!(BodySkipper::new(Body::None).is_done());
    assert_eq!(end_of(Body::None, b"GET"), Ok(Some(0)));
}

#[test]
fn a_body_of_known_length_ends_there() {
    assert_eq!(end_of(Body::Length(3), b"abcGET"), Ok(Some(3)));
    assert_eq!(end_of(Body::Length(4), b"abc"), Ok(None));
    assert_eq!(end_of(Body::Length(u64::MAX), b"abc"), Ok(None));
}

#[test]
fn chunks_end_behind_the_trailers() {
    for body in [
        "0\r\n\r\n",
        "3\r\nabc\r\n0\r\n\r\n",
        "00A\r\n0123456789\r\n1;x=\"y\"\r\n\n\r\n0 \r\n\r\n",
        "0\r\nX: y\r\nZ:\r\n\r\n",
    ] {
        let input = format!("{body}GET /");
        assert_eq!(
            end_of(Body::Chunked, input.as_bytes()),
            Ok(Some(body.len()))
        );
        assert_eq!(
            end_of(Body::Chunked, &body.as_bytes()[..body.len() - 1]),
            Ok(None)
        );
    }
}

#[test]
fn chunks_out_of_their_grammar_have_no_end() {
    for body in [
        "\r\n",
        " 3\r\n",
        "zz\r\n",
        "-1\r\n",
        "3\nabc\r\n",
        "3\r\nabcd\r\n",
        "3\r\nabc\n",
        "0\r\n\n",
        "0\r\n\r\r\n",
        "0\r\nX\n\r\n",
        "10000000000000000\r\n",
    ] {
        assert_eq!(
            end_of(Body::Chunked, body.as_bytes()),
            Err(HeadError::Malformed),
            "{body:?}"
        );
    }
}

#[test]
fn an_unknown_coding_has_no_end() {
    assert_eq!(
        BodySkipper::new(Body::Unreadable).skip(b""),
        Err(HeadError::Malformed)
    );
}

#[test]
fn size_lines_and_trailers_are_bounded() {
    let size_line = format!("3;{}", "x".repeat(300));
    assert_eq!(
        end_of(Body::Chunked, size_line.as_bytes()),
        Err(HeadError::Malformed)
    );
    let trailers = format!("0\r\n{}", "X: y\r\n".repeat(3000));
    assert_eq!(
        end_of(Body::Chunked, trailers.as_bytes()),
        Err(HeadError::TooLarge)
    );
}
