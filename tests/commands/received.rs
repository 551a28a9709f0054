//! What is a command, and what is none.

use strangler_fig::event::{EventEnvelope, EventPayload, Extensions, ReceivedCommand, Reply};
use strangler_fig::saga::Direction;

const EXTENSIONS: [(&str, &str); 6] = [
    ("correlationid", "order:1/pay#execute"),
    ("replyto", "order.replies"),
    ("sagaid", "order:1"),
    ("sagastep", "pay"),
    ("sagadirection", "execute"),
    ("sagaepoch", "3"),
];

fn command(extensions: &[(&str, &str)]) -> EventEnvelope {
    let mut event = EventEnvelope::new(
        "1".parse().unwrap(),
        "/sagas".parse().unwrap(),
        "Pay".parse().unwrap(),
        "order:1".parse().unwrap(),
        EventPayload::json(&700).unwrap(),
    );
    event.extensions = Extensions::default();
    for (name, value) in extensions {
        event.extensions.insert(name.parse().unwrap(), value).unwrap();
    }
    event
}

/// Where it is none.
fn field(event: &EventEnvelope) -> String {
    ReceivedCommand::of(event).unwrap_err().to_string()
}

/// Whoever writes one by hand, in another language say.
#[test]
fn a_command_is_an_event_with_six_extensions() {
    let received = ReceivedCommand::of(&command(&EXTENSIONS)).unwrap();
    assert_eq!((received.call().direction, received.call().epoch), (Direction::Execute, 3));
    assert_eq!(received.input::<u32>().unwrap(), 700);
    assert!(received.input::<String>().is_err());
}

#[test]
fn an_answer_is_as_from_who_says_so() {
    let received = ReceivedCommand::of(&command(&EXTENSIONS)).unwrap();
    let answer = received.answer(&Reply::done()).unwrap();
    assert_eq!((answer.event.source.as_str(), answer.topic.as_str()), ("/sagas", "order.replies"));
    let bank = received.with_source("/bank".parse().unwrap()).answer(&Reply::done()).unwrap();
    assert_eq!((bank.event.source.as_str(), bank.event.id), ("/bank", answer.event.id));
}

#[test]
fn without_one_of_them_it_is_none() {
    for (at, (name, _)) in EXTENSIONS.iter().enumerate() {
        let mut others = EXTENSIONS.to_vec();
        others.remove(at);
        assert_eq!(
            field(&command(&others)),
            format!("the event is no command: its `{name}` is missing or malformed")
        );
    }
    let mut bytes = command(&EXTENSIONS);
    bytes.payload = EventPayload::bytes("text/plain", "700").unwrap();
    assert_eq!(field(&bytes), "the event is no command: its `data` is missing or malformed");
}

#[test]
fn what_cannot_be_one_of_them_is_told_by_name_only() {
    let bad = [
        ("correlationid", ""),
        ("replyto", "no topic"),
        ("sagaid", "an order"),
        ("sagastep", "a/b"),
        ("sagadirection", "probe"),
        ("sagadirection", "Execute"),
        ("sagaepoch", "-1"),
    ];
    for (name, value) in bad {
        let mut extensions = EXTENSIONS.to_vec();
        extensions.push((name, value));
        assert_eq!(
            field(&command(&extensions)),
            format!("the event is no command: its `{name}` is missing or malformed")
        );
    }
}

#[test]
fn a_compensation_that_says_no_input_is_told_when_it_is_read() {
    let mut event = command(&EXTENSIONS);
    event.extensions.insert("sagadirection".parse().unwrap(), "compensate").unwrap();
    let received = ReceivedCommand::of(&event).unwrap();
    assert!(received.input::<u32>().is_err() && received.output::<u32>().is_err());
    event.payload = EventPayload::json(&serde_json::json!({ "input": 700 })).unwrap();
    let received = ReceivedCommand::of(&event).unwrap();
    assert_eq!(received.input::<u32>().unwrap(), 700);
    assert_eq!(received.output::<u32>().unwrap(), None);
}
