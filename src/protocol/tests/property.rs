//! Random frames against a straightforward model, and random bytes.

use super::super::handshake::{Body, BodySkipper, Intent, parse_head, validate};
use super::*;

/// Builds frames and, beside them, what they mean.
struct Model {
    chance: Chance,
    role: Role,
    wire: Vec<u8>,
    events: Vec<Event>,
}

impl Model {
    fn control(&mut self) {
        let length = self.chance.below(126);
        let payload = self.chance.bytes(length);
        if self.chance.below(2) == 0 {
            self.wire.extend(frame(self.role, 0x89, &payload));
            self.events.push(Event::Ping(payload));
        } else {
            self.wire.extend(frame(self.role, 0x8a, &payload));
            self.events.push(Event::Pong(payload));
        }
    }

    fn message(&mut self) {
        let length = match self.chance.below(8) {
            0 => 0,
            1 => 120 + self.chance.below(12),
            2 => 65_530 + self.chance.below(12),
            _ => self.chance.below(600),
        };
        let text = self.chance.below(2) == 0;
        let payload = if text {
            const ALPHABET: [char; 8] = [
                'a',
                '\0',
                'é',
                '\u{7ff}',
                '€',
                '\u{ffff}',
                '😀',
                '\u{10ffff}',
            ];
            let text: String = (0..length / 2)
                .map(|_| ALPHABET[self.chance.below(ALPHABET.len())])
                .collect();
            text.into_bytes()
        } else {
            self.chance.bytes(length)
        };

        let mut opcode = if text { 1 } else { 2 };
        let mut rest = &payload[..];
        while self.chance.below(3) == 0 {
            let (fragment, tail) = rest.split_at(self.chance.below(rest.len() + 1));
            self.wire.extend(frame(self.role, opcode, fragment));
            rest = tail;
            opcode = 0;
            while self.chance.below(3) == 0 {
                self.control();
            }
        }
        self.wire.extend(frame(self.role, 0x80 | opcode, rest));
        self.events.push(if text {
            Event::Text(payload)
        } else {
            Event::Binary(payload)
        });
    }
}

fn random_conversation(role: Role, seed: u64) -> Model {
    let mut model = Model {
        chance: Chance::new(seed),
        role,
        wire: Vec::new(),
        events: Vec::new(),
    };
    for _ in 0..=model.chance.below(12) {
        if model.chance.below(3) == 0 {
            model.control();
        } else {
            model.message();
        }
    }
    if model.chance.below(2) == 0 {
        model.wire.extend(frame(role, 0x88, b"\x03\xe8bye"));
        model.events.push(Event::Close(1000, b"bye".to_vec()));
        // What follows a close frame is not even looked at.
        model.wire.extend([0xff; 9]);
    }
    model
}

fn receives_random_frames_split_anywhere(role: Role) {
    for seed in 1..60 {
        let mut model = random_conversation(role, seed * 7919);
        for longest in [1, 3, 17, 200, 70_000] {
            let pieces = model.chance.cut(&model.wire, longest);
            let (events, result) = receive_pieces(config(role), pieces.iter().copied());
            assert_eq!(result, Ok(()), "seed {seed}");
            assert!(events == model.events, "seed {seed}, pieces of {longest}");
            let ((events, result), _) = read_pieces(config(role), pieces);
            assert_eq!(result, Ok(()), "seed {seed}, read");
            assert!(events == model.events, "seed {seed}, reads of {longest}");
        }
    }
}

#[test]
fn server_receives_random_frames_split_anywhere() {
    receives_random_frames_split_anywhere(Role::Server);
}

#[test]
fn client_receives_random_frames_split_anywhere() {
    receives_random_frames_split_anywhere(Role::Client);
}

/// One damaged byte may change what is received, but where the input is cut never
/// does.
fn damaged_frames_mean_the_same_however_cut(role: Role) {
    for seed in 1..400 {
        let mut model = random_conversation(role, seed * 104_729);
        let place = model.chance.below(model.wire.len().min(400));
        model.wire[place] = model.chance.byte();
        let wire = &model.wire[..model.wire.len().min(2000)];
        let (events, result) = receive(config(role), wire);
        let pieces = model.chance.cut(wire, 40);
        assert!(
            (events, result) == receive_pieces(config(role), pieces),
            "seed {seed}"
        );
    }
}

#[test]
fn server_decides_the_same_on_damaged_frames_however_cut() {
    damaged_frames_mean_the_same_however_cut(Role::Server);
}

#[test]
fn client_decides_the_same_on_damaged_frames_however_cut() {
    damaged_frames_mean_the_same_however_cut(Role::Client);
}

#[test]
fn random_bytes_never_panic() {
    let mut chance = Chance::new(0x5eed);
    let mut failed = 0;
    for _ in 0..4000 {
        let length = 1 + chance.below(200);
        let mut input = chance.bytes(length);
        for role in [Role::Server, Role::Client] {
            // Half of them with a first byte that gets past the opcode check.
            if chance.below(2) == 0 {
                input[0] = [0x81, 0x82, 0x01, 0x88, 0x89][chance.below(5)];
            }
            failed += usize::from(receive(config(role), &input).1.is_err());
        }
    }
    assert!(failed > 4000, "{failed}");
}

#[test]
fn random_heads_never_panic() {
    const WORDS: [&str; 24] = [
        "GET ",
        "POST ",
        "CONNECT ",
        "/",
        "*",
        " HTTP/1.1",
        " HTTP/1.0",
        "\r\n",
        "\r\n\r\n",
        "\n",
        ":",
        " ",
        "Host",
        "Upgrade: websocket\r\n",
        "Connection: Upgrade\r\n",
        "Content-Length: ",
        "18446744073709551616",
        "Transfer-Encoding: chunked",
        "gzip,",
        "Expect: 100-continue",
        "Sec-WebSocket-Protocol: a,",
        "Sec-WebSocket-Extensions: a;b=\"\\",
        "http://",
        "\u{e9}",
    ];
    let mut chance = Chance::new(0xbeef);
    let mut complete = 0;
    for _ in 0..20_000 {
        let mut input = "GET / HTTP/1.1\r\n".repeat(chance.below(2)).into_bytes();
        for _ in 0..chance.below(14) {
            input.extend(WORDS[chance.below(WORDS.len())].bytes());
            if chance.below(12) == 0 {
                input.push(chance.byte());
            }
        }
        if let Ok(Some(head)) = parse_head(&input) {
            complete += 1;
            assert!(head.length <= input.len());
            match head.intent() {
                Intent::Upgrade => drop(validate(&head)),
                Intent::Connect => {}
                Intent::Plain(plain) => {
                    let rest = &input[head.length..];
                    if let Ok(skipped) = BodySkipper::new(plain.body).skip(rest) {
                        assert!(skipped <= rest.len());
                    }
                }
            }
        }
    }
    assert!(complete > 1000, "{complete}");
}

#[test]
fn random_bodies_never_panic() {
    let mut chance = Chance::new(0xb0d1);
    for _ in 0..20_000 {
        let length = chance.below(30);
        let input: Vec<u8> = (0..length)
            .map(|_| b"0123aF;\r\n x"[chance.below(11)])
            .collect();
        let mut at_once = BodySkipper::new(Body::Chunked);
        let skipped = at_once.skip(&input);
        let mut in_pieces = BodySkipper::new(Body::Chunked);
        let mut total = 0;
        let mut failed = false;
        for byte in input.chunks(1) {
            match in_pieces.skip(byte) {
                Ok(count) => total += count,
                Err(_) => failed = true,
            }
            if failed {
                break;
            }
        }
        assert_eq!(skipped.is_err(), failed, "{input:?}");
        if !failed {
            assert_eq!(skipped, Ok(total), "{input:?}");
            assert_eq!(at_once.is_done(), in_pieces.is_done());
        }
    }
}
