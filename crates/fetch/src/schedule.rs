//! Fetching many addresses: several at once, few per host, none left out.
//!
//! Owns the order and the threads. A job that fails is told with its reason and stops no other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use silknow_foundation::{Error, Observer, Progress, Result};

use crate::address::Address;
use crate::client::Client;
use crate::fault::Fault;
use crate::hosts::{Hosts, Visit};

/// One file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its address, `http` or `https`.
    pub url: String,
    /// The file to write.
    pub destination: PathBuf,
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file was fetched.
    Fetched {
        /// Its length in bytes.
        bytes: u64,
    },
    /// The file was there and whole.
    AlreadyThere,
    /// The file could not be had.
    Failed {
        /// Why, in one line.
        reason: String,
    },
    /// The observer asked to stop before the job was done.
    Interrupted,
}

/// Fetches `jobs` by the client's policy and returns their outcomes in the order of the jobs.
///
/// A job whose file `is_whole` is not fetched. `check` sees the content before a file is written; its error is
/// the job's reason. Both are called from several threads. The progress, named `task`, counts jobs. When the
/// observer asks to stop, this returns at once; files are whole or not there at any time.
pub fn fetch_all(
    client: &Client,
    jobs: &[Job],
    is_whole: impl Fn(&Job) -> bool + Sync,
    check: impl Fn(&Job, &[u8]) -> Result<()> + Sync,
    task: &str,
    observer: &dyn Observer,
) -> Vec<Outcome> {
    let run = Run {
        client,
        jobs,
        is_whole: &is_whole,
        check: &check,
        observer,
        progress: observer.begin(task, jobs.len() as u64),
        outcomes: Mutex::new(vec![Outcome::Interrupted; jobs.len()]),
    };
    let threads = client.policy().at_once.clamp(1, jobs.len().max(1));
    // Looking at what is there is work for every core, and no host needs to be spared.
    let looked_at = AtomicUsize::new(0);
    on_threads(threads, || run.look(&looked_at));
    let queues = Mutex::new(run.queue_the_missing());
    on_threads(threads, || run.fetch(&queues));
    run.outcomes.into_inner().expect("no thread panics while it stores an outcome")
}

fn on_threads(threads: usize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(&work);
        }
    });
}

/// What the threads of one call share.
struct Run<'a> {
    client: &'a Client,
    jobs: &'a [Job],
    is_whole: &'a (dyn Fn(&Job) -> bool + Sync),
    check: &'a (dyn Fn(&Job, &[u8]) -> Result<()> + Sync),
    observer: &'a dyn Observer,
    progress: Box<dyn Progress>,
    /// Interrupted until something else is known.
    outcomes: Mutex<Vec<Outcome>>,
}

/// The numbers of the jobs that no thread has begun to fetch, by host, each in the order of the jobs.
type Queues = BTreeMap<String, VecDeque<usize>>;

impl Run<'_> {
    /// Finds the jobs whose file is there.
    fn look(&self, next: &AtomicUsize) {
        while !self.observer.interrupted() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.jobs.get(number) else { return };
            if (self.is_whole)(job) {
                self.finish(number, Outcome::AlreadyThere);
            }
        }
    }

    fn finish(&self, number: usize, outcome: Outcome) {
        self.outcomes.lock().expect("no thread panics while it stores an outcome")[number] = outcome;
        self.progress.advance(1);
    }

    /// The jobs without an outcome. Those whose address is none queue under no host, and fail in their turn.
    fn queue_the_missing(&self) -> Queues {
        let outcomes = self.outcomes.lock().expect("no thread panics while it stores an outcome");
        let mut queues = Queues::new();
        for (number, job) in self.jobs.iter().enumerate() {
            if outcomes[number] == Outcome::Interrupted {
                let host = Address::parse(&job.url).map(|address| address.host()).unwrap_or_default();
                queues.entry(host).or_default().push_back(number);
            }
        }
        queues
    }

    /// Fetches one job after the other, until all are begun or the observer asks to stop.
    fn fetch(&self, queues: &Mutex<Queues>) {
        while let Some((number, visit)) = self.begin(queues) {
            let job = &self.jobs[number];
            let check = |content: &[u8]| (self.check)(job, content);
            let stop = || self.observer.interrupted();
            match self.client.to_file(&job.url, &job.destination, &check, Some(visit), &stop) {
                Ok(bytes) => self.finish(number, Outcome::Fetched { bytes }),
                Err(Fault::Stopped) => return,
                Err(Fault::Passing { reason, .. } | Fault::Lasting { reason }) => {
                    self.finish(number, Outcome::Failed { reason });
                }
                Err(Fault::Local(error)) => self.finish(number, Outcome::Failed { reason: in_one_line(&error) }),
            }
        }
    }

    /// Waits for a job whose host has room.
    fn begin(&self, queues: &Mutex<Queues>) -> Option<(usize, Visit)> {
        while !self.observer.interrupted() {
            {
                let mut queues = queues.lock().expect("no thread panics while it picks a job");
                if queues.is_empty() {
                    return None;
                }
                if let Some(next) = pop(&mut queues, self.client.hosts()) {
                    return Some(next);
                }
            }
            self.client.hosts().wait_for_change();
        }
        None
    }
}

/// A job of the longest queue whose host has room: the host with the most to give sets the time it all takes.
fn pop(queues: &mut Queues, hosts: &Arc<Hosts>) -> Option<(usize, Visit)> {
    let mut names: Vec<String> = queues.keys().cloned().collect();
    names.sort_by_key(|host| Reverse(queues[host].len()));
    let (host, visit) = names.into_iter().find_map(|host| hosts.try_enter(&host).map(|visit| (host, visit)))?;
    let queue = queues.get_mut(&host)?;
    let number = queue.pop_front()?;
    if queue.is_empty() {
        queues.remove(&host);
    }
    Some((number, visit))
}

/// An error for a table: without its hint, which is for a terminal.
fn in_one_line(error: &Error) -> String {
    error.to_string().lines().take_while(|line| !line.starts_with("hint: ")).collect::<Vec<_>>().join(" ")
}
