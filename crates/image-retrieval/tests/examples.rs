//! The examples that need nothing of the user run, and say what they should. The readers of strangers' bytes take the seeds of
//! the fuzzer, which have all that it ever found.

#[path = "../../../fuzz/src/migration_targets.rs"]
mod migration_targets;
#[path = "../../../fuzz/src/network_targets.rs"]
mod network_targets;
#[path = "../../../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;
use std::process::Command;

fn run(example: &str) -> String {
    // Cargo builds examples before it runs the tests that stand beside them.
    let program = std::env::current_exe().unwrap().with_file_name("../examples").join(example);
    let output = Command::new(program).output().expect("`cargo test` without `--test` builds the examples");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_index_of_ones_own_keeps_the_contract_and_answers() {
    let text = run("own_index");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.lines().next().unwrap().ends_with("green.jpg"), "{text}");
}

#[test]
fn a_loss_of_ones_own_is_minimised_by_the_trainer() {
    let text = run("own_objective");
    let losses: Vec<f64> = text
        .split([' ', ',', '\n'])
        .filter_map(|word| word.parse().ok())
        .filter(|loss: &f64| loss.is_finite())
        .collect();
    let &[first, last] = &losses[..] else { panic!("{text}") };
    // Half of the pairs are of two classes, which look alike at first and cost up to 1 each.
    assert!(first > 0.2 && last < 0.2 * first, "{text}");
}

#[test]
fn the_seeds_of_the_fuzzer_are_read_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let all = [targets::TARGETS, migration_targets::TARGETS, network_targets::TARGETS].concat();
    for (name, target) in all {
        let files: Vec<_> = std::fs::read_dir(seeds.join(name)).unwrap().collect();
        assert!(!files.is_empty(), "{name} has no seed");
        files.into_iter().for_each(|file| target(&std::fs::read(file.unwrap().path()).unwrap()));
    }
}
