//! Histories: a recurrence whose frames stay on the device, on both backends.

use inkling::backend::{Backend, Executable, History, InputId, OutputId, Place};
use inkling::graph::Graph;
use inkling_tests::gpu;

/// Not a multiple of anything that a buffer is aligned to.
const LEN: usize = 7 * 784;
/// More than one block holds.
const FRAMES: usize = 60;

/// y = x / 2 + shift, and twice x beside it.
struct Walk {
    executable: Executable,
    x: InputId,
    shift: InputId,
    y: OutputId,
    twice: OutputId,
}

impl Walk {
    fn new(backend: &Backend) -> Walk {
        let graph = Graph::new();
        let x = graph.input("x", [LEN]).expect("x");
        let shift = graph.input("shift", [1]).expect("shift");
        let y = x.mul_scalar(0.5).add(&shift).expect("y");
        let plan = graph.compile(&[("y", &y), ("twice", &x.mul_scalar(2.0))]).expect("a plan");
        let executable = backend.compile(plan, &[]).expect("an executable");
        let (x, shift) = (executable.input("x").expect("x"), executable.input("shift").expect("shift"));
        let (y, twice) = (executable.output("y").expect("y"), executable.output("twice").expect("twice"));
        Walk { executable, x, shift, y, twice }
    }

    fn run(&mut self, backend: &Backend, start: &[f32]) -> History {
        let mut history = backend.history(&["x", "twice"], LEN).expect("a history");
        history.write(Place { frame: 0, track: 0 }, start).expect("the start");
        for frame in 0..FRAMES - 1 {
            self.executable.write(self.shift, &[frame as f32]).expect("a shift");
            let records = [(self.y, Place { frame: frame + 1, track: 0 }), (self.twice, Place { frame, track: 1 })];
            let feeds = [(self.x, Place { frame, track: 0 })];
            self.executable.run_recording(&mut history, &feeds, &records).expect("a step");
        }
        history
    }
}

fn start() -> Vec<f32> {
    (0..LEN).map(|index| index as f32 / LEN as f32).collect()
}

fn check_walk(backend: &Backend) {
    let history = Walk::new(backend).run(backend, &start());
    assert_eq!(history.frames(), FRAMES);
    assert_eq!((history.track("x"), history.track("twice")), (Ok(0), Ok(1)));
    assert!(history.track("y").is_err());
    assert!(history.memory().0 > 1, "one block only: the test is too small");
    let all = pollster::block_on(history.read_track(0, 0..FRAMES)).expect("the trajectory");
    let mut expected = start();
    for frame in 0..FRAMES {
        assert_eq!(all[frame * LEN..][..LEN], expected, "frame {frame}");
        if frame + 1 < FRAMES {
            let twice = pollster::block_on(history.read(Place { frame, track: 1 })).expect("a frame");
            assert!(twice.iter().zip(&expected).all(|(a, b)| *a == 2.0 * b), "frame {frame}");
        }
        for value in &mut expected {
            *value = *value * 0.5 + frame as f32;
        }
    }
}

#[test]
fn frames_of_the_cpu() {
    check_walk(&Backend::Cpu);
}

#[test]
fn frames_of_the_gpu() {
    check_walk(&gpu());
}

#[test]
fn what_was_not_written_is_refused() {
    for backend in [Backend::Cpu, gpu()] {
        assert!(backend.history(&[], LEN).is_err() && backend.history(&["x"], 0).is_err());
        let mut history = backend.history(&["x"], LEN).expect("a history");
        assert!(history.write(Place { frame: 0, track: 1 }, &start()).is_err());
        assert!(history.write(Place { frame: 0, track: 0 }, &[1.0]).is_err());
        assert!(pollster::block_on(history.read(Place { frame: 0, track: 0 })).is_err());
        assert!(history.images(Place { frame: 0, track: 0 }).is_err());
        let mut walk = Walk::new(&backend);
        let unwritten = [(walk.x, Place { frame: 0, track: 0 })];
        assert!(walk.executable.run_recording(&mut history, &unwritten, &[]).is_err());
        let short = [(walk.shift, Place { frame: 0, track: 0 })];
        assert!(walk.executable.run_recording(&mut history, &short, &[]).is_err());
    }
}

#[test]
fn two_hundred_restarts_take_no_more_buffers() {
    let backend = gpu();
    let Backend::Gpu(device) = &backend else { panic!("the GPU backend") };
    let mut walk = Walk::new(&backend);
    drop(walk.run(&backend, &start()));
    let before = device.buffer_count();
    let mut kept = walk.run(&backend, &start());
    for restart in 0..200 {
        // the old frames are gone before the new ones come
        drop(kept);
        kept = backend.history(&["x", "twice"], LEN).expect("a history");
        kept.write(Place { frame: restart % FRAMES, track: 0 }, &start()).expect("a frame");
    }
    assert_eq!(device.buffer_count(), before);
    let large = backend.history(&["x"], 1 << 20).expect("a history of large frames");
    drop(large);
    assert_eq!(device.buffer_count(), before);
}
