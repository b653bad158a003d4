use super::*;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn encoded(answer: Answer) -> String {
    let mut out = Vec::new();
    answer.encode(DATE, &mut out);
    String::from_utf8_lossy(&out).replace(DATE, "D")
}

#[test]
fn answers_are_those_of_node() {
    let (keep_alive, close) = (true, false);
    for (answer, bytes) in [
        (Answer::Continue, "HTTP/1.1 100 Continue\r\n\r\n"),
        (
            Answer::UpgradeRequired {
                keep_alive,
                head_only: false,
            },
            "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 16\r\nContent-Type: text/plain\r\n\
             Date: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nUpgrade Required",
        ),
        (
            Answer::UpgradeRequired {
                keep_alive: close,
                head_only: false,
            },
            "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 16\r\nContent-Type: text/plain\r\n\
             Date: D\r\nConnection: close\r\n\r\nUpgrade Required",
        ),
        (
            Answer::UpgradeRequired {
                keep_alive,
                head_only: true,
            },
            "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 16\r\nContent-Type: text/plain\r\n\
             Date: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
        ),
        (
            Answer::ExpectationFailed {
                keep_alive,
                head_only: false,
            },
            "HTTP/1.1 417 Expectation Failed\r\nDate: D\r\nConnection: keep-alive\r\n\
             Keep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            Answer::ExpectationFailed {
                keep_alive: close,
                head_only: false,
            },
            "HTTP/1.1 417 Expectation Failed\r\nDate: D\r\nConnection: close\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            Answer::ExpectationFailed {
                keep_alive,
                head_only: true,
            },
            "HTTP/1.1 417 Expectation Failed\r\nDate: D\r\nConnection: keep-alive\r\n\
             Keep-Alive: timeout=5\r\n\r\n",
        ),
        (
            Answer::MissingHost { head_only: false },
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: D\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            Answer::MissingHost { head_only: true },
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: D\r\n\r\n",
        ),
        (
            Answer::BadRequest,
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        ),
        (
            Answer::RequestTimeout,
            "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n",
        ),
        (
            Answer::HeadTooLarge,
            "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n",
        ),
    ] {
        assert_eq!(encoded(answer), bytes);
        assert_eq!(answer.closes(), bytes.contains("Connection: close"));
    }
}

#[test]
fn each_error_of_a_head_has_its_answer() {
    assert_eq!(Answer::from(HeadError::Malformed), Answer::BadRequest);
    assert_eq!(Answer::from(HeadError::TooLarge), Answer::HeadTooLarge);
}
