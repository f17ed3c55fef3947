//! Fetching many addresses: several at once, and only a few at once from each host.
//!
//! A job that fails is reported with its reason; the others go on.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::Builder;

use silknow_errors::{Error, Result};
use silknow_progress::{Observer, Progress};

use crate::address::{Address, up_to_host};
use crate::client::{Client, Fetched};
use crate::fault::Fault;
use crate::hosts::{Hosts, Visit};

/// One file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its address, `http` or `https`.
    pub url: String,
    /// The file to write.
    pub destination: PathBuf,
    /// The address of a document that is fetched first and says which address to ask for; see [`Receiver::choose`].
    pub description: Option<String>,
}

/// The files to fetch. They are made one by one when their turn comes, so that very many take no memory.
pub trait Jobs: Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// The address of the file with this number, from 0.
    fn url(&self, number: usize) -> &str;

    /// The file with this number, from 0.
    fn job(&self, number: usize) -> Job;
}

impl Jobs for Vec<Job> {
    fn count(&self) -> usize {
        self.len()
    }

    fn url(&self, number: usize) -> &str {
        &self[number].url
    }

    fn job(&self, number: usize) -> Job {
        self[number].clone()
    }
}

/// Who gets the files of many jobs. The functions are called on several threads. A function that checks the content is a
/// receiver.
pub trait Receiver: Sync {
    /// Looks at the content before a file is written.
    ///
    /// # Errors
    /// Why the content is refused; this is the reason of the job's failure.
    fn check(&self, content: &[u8]) -> Result<()>;

    /// The address to ask for, by the [description](Job::description) of a job, or by the reason why there is none.
    ///
    /// # Errors
    /// Why the job fails, in one line.
    fn choose(&self, job: &Job, description: Result<&[u8], &str>) -> Result<String, String> {
        let _ = description;
        Ok(job.url.clone())
    }

    /// Hears that the file of the job with this number lies at its destination.
    fn arrived(&self, number: usize, file: &Fetched) {
        let _ = (number, file);
    }
}

impl<F: Fn(&[u8]) -> Result<()> + Sync> Receiver for F {
    fn check(&self, content: &[u8]) -> Result<()> {
        self(content)
    }
}

/// The longest description, in bytes.
const MAX_DESCRIPTION_BYTES: u64 = 4 << 20;

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file was fetched.
    Fetched {
        /// Its length in bytes.
        bytes: u64,
    },
    /// The file could not be fetched.
    Failed {
        /// Why, in one line.
        reason: String,
    },
    /// The observer asked to stop before the job was done.
    Interrupted,
}

/// Fetches `jobs` by the client's policy and returns their outcomes in the order of the jobs.
///
/// The `receiver` sees the content before a file is written. The progress, named `task`, counts jobs. When the observer asks to stop, this returns at once; files are whole or
/// not there at any time.
///
/// # Errors
/// A file that cannot be written (a full disk, a folder that is closed to writing). The other jobs would fail in the
/// same way, so no further job is begun. Files that were fetched before stay.
pub fn fetch_all(
    client: &Client,
    jobs: &dyn Jobs,
    receiver: &dyn Receiver,
    task: &str,
    observer: &dyn Observer,
) -> Result<Vec<Outcome>> {
    let run = Run {
        client,
        jobs,
        receiver,
        observer,
        progress: observer.begin(task, jobs.count() as u64),
        outcomes: Mutex::new(vec![Outcome::Interrupted; jobs.count()]),
        local_fault: OnceLock::new(),
    };
    let queues = Mutex::new(queues(jobs));
    std::thread::scope(|scope| {
        let at_once = client.policy().at_once.clamp(1, jobs.count().max(1));
        let fetching = || Builder::new().name("fetching".to_owned()).spawn_scoped(scope, || run.fetch(&queues));
        let started = (0..at_once).take_while(|_| fetching().is_ok()).count();
        if started == 0 {
            // The system starts no further thread.
            run.fetch(&queues);
        }
    });
    match run.local_fault.into_inner() {
        Some(error) => Err(error),
        None => Ok(run.outcomes.into_inner().expect("no thread panics while it stores an outcome")),
    }
}

/// What the threads of one call share.
struct Run<'a> {
    client: &'a Client,
    jobs: &'a dyn Jobs,
    receiver: &'a dyn Receiver,
    observer: &'a dyn Observer,
    progress: Box<dyn Progress>,
    /// Interrupted until something else is known.
    outcomes: Mutex<Vec<Outcome>>,
    /// Why no file can be written any more.
    local_fault: OnceLock<Error>,
}

/// The numbers of the jobs that no thread has begun to fetch, by host, each in the order of the jobs.
type Queues = BTreeMap<String, VecDeque<usize>>;

/// All jobs. Jobs whose address cannot be read queue under an empty host name, and fail when their turn comes.
fn queues(jobs: &dyn Jobs) -> Queues {
    let mut queues = Queues::new();
    // Tables have many addresses and few hosts, which are read once each.
    let mut hosts: HashMap<&str, String> = HashMap::new();
    for number in 0..jobs.count() {
        let begin = up_to_host(jobs.url(number));
        let host = hosts
            .entry(begin)
            .or_insert_with(|| Address::parse(begin).map(|address| address.host()).unwrap_or_default());
        match queues.get_mut(host.as_str()) {
            Some(queue) => queue.push_back(number),
            None => drop(queues.insert(host.clone(), VecDeque::from([number]))),
        }
    }
    queues
}

impl Run<'_> {
    fn finish(&self, number: usize, outcome: Outcome) {
        self.outcomes.lock().expect("no thread panics while it stores an outcome")[number] = outcome;
        self.progress.advance(1);
    }

    fn is_stopped(&self) -> bool {
        self.local_fault.get().is_some() || self.observer.interrupted()
    }

    /// Fetches one job after the other, until all are begun or the work is to stop.
    fn fetch(&self, queues: &Mutex<Queues>) {
        while let Some((number, visit)) = self.begin(queues) {
            match self.fetch_one(&self.jobs.job(number), visit) {
                Ok(file) => {
                    self.receiver.arrived(number, &file);
                    self.finish(number, Outcome::Fetched { bytes: file.bytes });
                }
                Err(Fault::Stopped) => return,
                Err(Fault::Passing { reason, .. } | Fault::Lasting { reason }) => {
                    self.finish(number, Outcome::Failed { reason });
                }
                Err(Fault::Local(error)) => {
                    // If several threads fail at once, the first error is reported.
                    let _ = self.local_fault.set(error);
                    return;
                }
            }
        }
    }

    fn fetch_one(&self, job: &Job, visit: Visit) -> Result<Fetched, Fault> {
        let (mut visit, stop) = (Some(visit), || self.is_stopped());
        let (url, client) = match &job.description {
            None => (job.url.clone(), self.client),
            Some(address) => {
                let document = match self.client.to_memory(address, MAX_DESCRIPTION_BYTES, &mut visit, &stop) {
                    Ok((_, content)) => Ok(content),
                    Err(Fault::Passing { reason, .. } | Fault::Lasting { reason }) => Err(reason),
                    Err(fault) => return Err(fault),
                };
                let document = document.as_deref().map_err(String::as_str);
                (self.receiver.choose(job, document).map_err(Fault::lasting)?, &self.client.led_by(address))
            }
        };
        client.to_file(&url, &job.destination, &|content| self.receiver.check(content), &mut visit, &stop)
    }

    /// Waits for a job whose host has room.
    fn begin(&self, queues: &Mutex<Queues>) -> Option<(usize, Visit)> {
        while !self.is_stopped() {
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

/// A job of the longest queue whose host has room. The longest queue decides how long the whole work takes.
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
