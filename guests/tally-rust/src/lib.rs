mod planaria;

use planaria::{begin, take, Outcome, Text};
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;

/// What is kept from call to call. The order of a `HashMap` is drawn at random, and is the same in a replay.
#[derive(Default)]
struct Poll {
    votes: HashMap<String, u32>,
}

impl Poll {
    fn standings(&self) -> Vec<(String, u32)> {
        let mut standings: Vec<_> = self
            .votes
            .iter()
            .map(|(name, votes)| (name.clone(), *votes))
            .collect();
        standings.sort_by(|(a, left), (b, right)| right.cmp(left).then(a.cmp(b)));
        standings
    }
}

#[repr(C)]
struct Standing {
    candidate: Text,
    votes: u32,
}

/// A list as the host reads it, and behind it what it points to.
#[repr(C)]
struct Standings {
    first: *const Standing,
    count: usize,
    _standings: Vec<Standing>,
    _names: Vec<(String, u32)>,
}

#[repr(C)]
struct Winner {
    outcome: Outcome,
    _text: String,
}

thread_local! {
    static POLL: RefCell<Poll> = RefCell::default();
    static ANSWER: RefCell<Option<Box<dyn Any>>> = RefCell::default();
}

/// Keeps a result that is more than a number until the next one: the host reads it when the export has come back.
fn keep<T: 'static>(answer: T) -> *const T {
    let kept = Box::new(answer);
    let place: *const T = &*kept;
    ANSWER.with(|answer| *answer.borrow_mut() = Some(kept));
    place
}

#[export_name = "vote"]
unsafe extern "C" fn vote(bytes: *const u8, length: usize) -> u32 {
    begin();
    let candidate = take(bytes, length);
    POLL.with(|poll| {
        let mut poll = poll.borrow_mut();
        let votes = poll.votes.entry(candidate).or_insert(0);
        *votes += 1;
        *votes
    })
}

#[export_name = "standings"]
extern "C" fn standings() -> *const Standings {
    begin();
    let names = POLL.with(|poll| poll.borrow().standings());
    let standings: Vec<_> = names
        .iter()
        .map(|(name, votes)| Standing {
            candidate: Text::from(&**name),
            votes: *votes,
        })
        .collect();
    keep(Standings {
        first: standings.as_ptr(),
        count: standings.len(),
        _standings: standings,
        _names: names,
    })
}

#[export_name = "winner"]
unsafe extern "C" fn winner(bytes: *const u8, length: usize) -> *const Winner {
    begin();
    let promise = take(bytes, length);
    planaria::create_promise(&promise);
    // The whole agent sleeps here, for as long as it takes.
    let closed = planaria::await_promise(&promise);
    let leader = POLL.with(|poll| poll.borrow().standings().into_iter().next());
    let won = closed.and_then(|_| {
        leader
            .map(|(name, _)| name)
            .ok_or_else(|| "Nobody voted.".to_string())
    });
    let failed = won.is_err();
    let text = won.unwrap_or_else(|error| error);
    keep(Winner {
        outcome: Outcome {
            failed,
            text: Text::from(&*text),
        },
        _text: text,
    })
}
