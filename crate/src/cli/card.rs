//! What the cards of all families have in common. A card says what a shipped model is, how it was made, what was measured
//! of it, and where it fails.

use std::fmt::Write;

use crate::catalog::Entry;
use crate::models::family::Training;
use crate::train::recipe::Recipe;

/// A row of a table: what, and its value.
pub type Fact<'a> = (&'a str, String);

/// The beginning of a card: the title, `about` the model in a paragraph, the file.
pub fn head(entry: &Entry, about: &str, network: &str, parameters: usize) -> String {
    let Entry { id, title, file, bytes, sha256, .. } = entry;
    // which of the two a file is shows in its size
    let packed = (*bytes as usize) < parameters + parameters / 2;
    let stored = if packed { "matrices in 8 bits with a scale for each row, the rest in f16" } else { "f16" };
    let facts = [
        ("network", network.to_string()),
        ("parameters", parameters.to_string()),
        ("file", format!("{file}, {bytes} bytes, safetensors, {stored}")),
        ("SHA-256", sha256.clone()),
    ];
    format!("# {id}: {title}\n\n{about}\n\n{}", table(&facts))
}

/// The section on the recipe: what all trainings state, the family's own `facts` among them, and the commands; `data` is
/// the folder that the run read, `first` a command that has to come before.
pub fn recipe(
    entry: &Entry,
    recipe: &Recipe,
    training: &Training,
    facts: &[Fact<'_>],
    data: &str,
    first: Option<&str>,
) -> String {
    let images = training.chain().iter().map(|run| run.steps * run.batch as u64).sum::<u64>();
    let steps = training.chain().iter().map(|run| run.steps.to_string()).collect::<Vec<_>>().join(" and then ");
    let mut all = vec![
        ("recipe", format!("{} (crate/src/train/{})", recipe.name, recipe.task.file())),
        ("seed", training.chain().iter().map(|run| run.seed.to_string()).collect::<Vec<_>>().join(" and then ")),
        ("steps", format!("{steps} of {} images ({images} images in all)", training.batch)),
    ];
    all.extend_from_slice(facts);
    // a family that is trained without Adam says so itself
    let adam = || {
        format!(
            "Adam ({}, {}), weight decay {}, peak learning rate {}, warm-up {} steps, then half a cosine to 0; gradients \
             clipped to a norm of {}",
            recipe.beta1,
            recipe.beta2,
            recipe.weight_decay,
            recipe.learning_rate,
            recipe.warm_up_steps,
            recipe.clip_norm
        )
    };
    if !facts.iter().any(|(what, _)| *what == "optimizer") {
        all.push(("optimizer", adam()));
    }
    all.push(("saved weights", format!("moving average, decay {}", recipe.ema_decay)));
    all.push(("backend", training.backend.clone()));
    let mut commands: Vec<String> = first.map(String::from).into_iter().collect();
    commands.extend(training_commands(training, data, &entry.file));
    format!("## Recipe\n\n{}\n{}", table(&all), block(&commands))
}

/// The commands that train once more what `training` says, into `file`.
fn training_commands(training: &Training, data: &str, file: &str) -> Vec<String> {
    let chain = training.chain();
    let mut commands = Vec::new();
    // a run that began with the weights of another model begins with those that are shipped
    let mut init = training.origin().map(|model| format!("www/models/{model}.safetensors"));
    for (index, run) in chain.iter().enumerate() {
        let out = if index + 1 == chain.len() {
            file.to_string()
        } else {
            format!("{}-{}.safetensors", run.recipe, index + 1)
        };
        let begin = init.map(|init| format!(" --init {init}")).unwrap_or_default();
        let Training { recipe, seed, steps, backend, .. } = run;
        commands.push(format!(
            "inkling train {recipe} --data {data}{begin} --seed {seed} --steps {steps} --backend {backend} --out {out}"
        ));
        init = Some(out);
    }
    commands
}

/// A table of two columns without a head.
pub fn table(facts: &[Fact<'_>]) -> String {
    let mut text = String::from("| | |\n|-|-|\n");
    for (what, value) in facts {
        // writing to a String cannot fail
        let _ = writeln!(text, "| {what} | {value} |");
    }
    text
}

/// Commands as they are typed.
pub fn block(commands: &[String]) -> String {
    commands.iter().map(|command| format!("    {command}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(recipe: &str, seed: u32, after: Option<Training>) -> Training {
        Training {
            recipe: recipe.into(),
            seed,
            steps: 10,
            batch: 128,
            binarization: None,
            backend: "cpu".into(),
            after: after.map(Box::new),
        }
    }

    #[test]
    fn the_commands_of_a_run_that_began_with_another_are_those_of_both() {
        let training = run("diffusion", 2, Some(run("diffusion", 1, None)));
        let commands = training_commands(&training, "data/mnist", "diffusion.safetensors");
        assert_eq!(commands.len(), 2);
        assert!(
            commands[0].ends_with("--seed 1 --steps 10 --backend cpu --out diffusion-1.safetensors"),
            "{commands:?}"
        );
        assert!(commands[1].contains("--init diffusion-1.safetensors --seed 2"), "{commands:?}");

        let student = run("few-step", 1, Some(training));
        let commands = training_commands(&student, "pairs", "few-step.safetensors");
        assert_eq!(
            commands,
            [
                "inkling train few-step --data pairs --init www/models/diffusion.safetensors --seed 1 --steps 10 --backend \
              cpu --out few-step.safetensors"
            ]
        );
    }
}
