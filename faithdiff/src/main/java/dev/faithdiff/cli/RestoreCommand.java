package dev.faithdiff.cli;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;

import dev.faithdiff.cli.DeviceChoice.Chosen;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.BatchListener;
import dev.faithdiff.restore.batch.Job;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.restore.batch.Worklist;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.PeakMemory;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.KernelTable;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Restores one photo, or many photos into a folder. */
@Command(name = "restore", description = "Restore a photo, or many photos into a folder.",
        sortOptions = false, showDefaultValues = true,
        footer = {"", "Exit code: 0 all done, 1 something failed, 2 wrong usage, 130 stopped by Ctrl-C.", "With many photos, a photo whose result "
            + "exists is skipped. A caption beside a photo (photo.txt, or \"caption\" in photo.json) is its prompt, if the model reads text.",
            "Where an option is given twice, the last one counts. NO_COLOR in the environment keeps colours out of the help."})
final class RestoreCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;

    @Spec private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "IN", showDefaultValue = Visibility.NEVER, description = "The photo: PNG, JPEG, WebP, TIFF, "
            + "BMP or GIF; - is standard input. Or several photos, folders, or quoted patterns such as 'album/**/*.jpg'.")
    private List<String> in = List.of();

    @Mixin private WatchOption watch;

    @Option(names = {"-o", "--output"}, paramLabel = "OUT", description = "The restored photo: .png, .jpg, .tif or .webp; - is standard output. "
            + "A folder, if there are several photos, or OUT is a folder or has no extension (default: beside a photo with -restored in its name, as "
            + "PNG; of a folder into a folder beside it; of - to standard output).")
    private Path out;

    @Mixin private ModelChoice model;

    @Mixin private OptionFlags flags;

    @Mixin private ComputeChoice compute;

    @Mixin private ProfileOption profile;

    @Mixin private KernelChoice kernels;

    @Mixin private ForecastOption forecast;

    @Option(names = "--preview", paramLabel = "PATH", description = "For one photo: write previews of the result while it is restored. PATH is "
            + "an image file, which each preview replaces, or a folder (a name without extension), which gets all of them.")
    private Path preview;

    @Option(names = "--preview-every", paramLabel = "N", description = "Steps from one preview to the next. Each preview costs a decoding.")
    private int previewEvery = 5;

    @Option(names = "--caption-command", paramLabel = "CMD", description = "With --prompt auto and --tile-prompts auto: another program that says "
            + "what a photo shows. It gets the path of a PNG file as its last argument and prints the caption.")
    private String captionCommand;

    @Option(names = "--daam", split = ",", paramLabel = "WORD", showDefaultValue = Visibility.NEVER,
            description = "For one photo: show where the network looked at these words of the prompt, each over the result in a file beside "
            + "it, OUT-daam-WORD.png. Slower; the result stays the same.")
    private List<String> daam = List.of();

    @Option(names = "--resume", description = "Save every step in OUT.resume, and go on from that file if it exists. It is deleted at "
            + "the end.")
    private boolean resume;

    @Mixin private ResultOptions results;

    @Mixin private ReportOptions report;

    @Option(names = "--config", paramLabel = "FILE", description = "Take options from this file, in lines as 'scale = 2'. Those of the command "
            + "line count more.")
    private Path config; // Main has put its lines in front of the others

    @Option(names = {"-q", "--quiet"}, description = "Show no progress, no warnings and no summary.")
    private boolean quiet;

    @Override public Integer call() {
        flags.check();
        if (resume && !daam.isEmpty()) throw usage("--daam shows all steps, so it does not go with --resume");
        used(profile::check);
        Worklist list = used(() -> results.worklist(watch.inputs(in), out));
        if (watch.isAsked()) return watch(list);
        boolean isMany = used(list::isMany), overwrite = results.rules(resume).overwrite();
        List<Job> jobs = jobs(list);
        Job first = jobs.getFirst();
        if (forecast.isDryRun()) return dryRun(jobs);
        used(() -> report.check(jobs));
        if (!isMany && first.isDone() && !overwrite) throw usage(first.out() + " exists already; --overwrite replaces it");
        if (first.isToOutput() && (results.isJson() || results.isResults() || profile.isAsked())) {
            throw usage("standard output takes either the photo or --profile, --json and --progress json");
        }
        return isMany || results.isReported() || report.isAsked() ? restoreMany(jobs) : restoreOne(first);
    }

    private <T> T used(Supplier<T> arguments) {
        try {
            return arguments.get();
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage());
        }
    }

    private void used(Runnable arguments) {
        used(() -> {
            arguments.run();
            return null;
        });
    }

    private List<Job> jobs(Worklist list) {
        Worklist.Found found = used(list::find);
        if (!quiet) found.remarks().forEach(warnings()::warn);
        return found.jobs();
    }

    /** Prints a forecast for each photo. */
    private int dryRun(List<Job> jobs) {
        Chosen chosen = device();
        Device on = chosen.device();
        PrintWriter to = spec.commandLine().getOut();
        Captioning captioning = captioning();
        if (captioning != null && captioning.command() == null) {
            Image first = Batch.read(jobs.getFirst().in(), results.rules(resume).strict()).visible();
            to.println("the captioner, before: " + captioning.forecast(first, on));
        }
        choosing(kernels.table(on.kind()), () -> {
            for (Job job : jobs) {
                Image photo = Batch.read(job.in(), results.rules(resume).strict()).visible();
                to.println(job.shownOut() + ": " + forecast.dry(asked(on), photo, jobs.size() == 1));
                to.flush();
            }
            return null;
        });
        return 0;
    }

    /** A caption that is still to be written takes no other time than none, and captions of tiles little more. */
    private ForecastOption.Asked asked(Device on) {
        return new ForecastOption.Asked(compute(on), model::open, r -> AutoPrompt.without(flags.of(r)));
    }

    private int restoreOne(Job job) {
        if (job.isStreamed() && !daam.isEmpty()) throw usage("--daam writes beside the result, so it needs a file for that");
        AttributionFiles attribution = used(() -> new AttributionFiles(daam, job.out(), results.rules(resume).overwrite()));
        Chosen chosen = device();
        Device on = chosen.device();
        KernelTable table = kernels.table(on.kind());
        Photo photo = Batch.read(job.in(), results.rules(resume).strict());
        ImageFiles.checkWritable(job.out(), job.encoding(), 1, 1);
        if (!quiet) photo.remarks().forEach(warnings()::warn);
        Restored restored;
        Captioning captioning = captioning();
        String text = captioning == null ? null : choosing(table, () -> captioning.text(photo.visible(), on));
        if (captioning != null) tell(captioning, "prompt", text);
        Path state = resume && !job.isStreamed() ? Batch.resumeFile(job.out()) : null;
        long begin;
        try (Interrupt _ = new Interrupt()) {
            try {
                choosing(table, () -> {
                    forecast.before(asked(on), photo.visible(), line -> { if (!quiet) warnings().warn(line); });
                    return null;
                });
                begin = System.nanoTime();
                restored = onKernels(table, on, () -> ForecastOption.learned(on,
                        () -> restored(job, photo, captioning, text, on, state, attribution)));
            } catch (CancellationException e) {
                boolean isKept = state != null && Files.exists(state);
                warnings().warn("stopped; " + (isKept ? "the same command resumes from " + state : "nothing was written"));
                return INTERRUPTED;
            }
        }
        List<String> remarks = Batch.write(Batch.result(photo, restored.image, restored.settings, results.rules(resume).metadata()), job);
        if (state != null) state.toFile().delete();
        List<String> shown = attribution.write(restored.image);
        if (!quiet) {
            remarks.forEach(warnings()::warn);
            spec.commandLine().getErr().printf(Locale.ROOT, "%s: %dx%d in %.1f s on %s, peak memory %d MB%s%n", job.shownOut(),
                    restored.image.width(), restored.image.height(), (System.nanoTime() - begin) / 1e9, on.name(), PeakMemory.bytes() >> 20,
                    ending(chosen));
            shown.forEach(spec.commandLine().getErr()::println);
        }
        spec.commandLine().getOut().print(restored.profile);
        spec.commandLine().getOut().flush();
        return 0;
    }

    /** The reason why a device was chosen is for those who look into it. */
    private String ending(Chosen chosen) { return Main.isVerbose(spec) ? chosen.ending() : ""; }

    private Warnings warnings() { return new Warnings(spec.commandLine().getErr()); }

    /** @param profile in tables, empty without --profile */
    private record Restored(Image image, ResultSettings settings, String profile) {}

    /** Opens the model, restores one photo, and closes the model. */
    private Restored restored(Job job, Photo photo, Captioning captioning, String text, Device on, Path state, Listener first) {
        try (Restorer restorer = restorer(on)) {
            requirePrompt(restorer);
            ResultSettings settings = settings(restorer);
            ResultSettings own = (captioning == null ? settings : settings.with(captioning.prompt().option(), text)).of(job);
            Image in = photo.visible();
            Batch.checkSize(job, in, own.options());
            if (!profile.isAsked()) return new Restored(restore(in, restorer, own.options(), first, state), own, "");
            ProfileOption.Profiled p = profile.run(on, stages -> restore(in, restorer, own.options(), stages, null),
                    stages -> restore(in, restorer, own.options(), first.and(stages), state));
            return new Restored(p.image(), own, p.tables());
        }
    }

    private void requirePrompt(Restorer restorer) {
        if (!daam.isEmpty() && !restorer.options().contains(PROMPT)) throw usage("this model reads no prompt, so --daam has nothing to show");
    }

    /** Restores many photos, or one that is reported like many. */
    private int restoreMany(List<Job> jobs) {
        boolean isOne = jobs.size() == 1 && !results.isReported();
        if (profile.isAsked() || preview != null || !daam.isEmpty() && !isOne) {
            throw usage("--profile, --preview and --daam are for one photo, and go without --log and --progress, the first two without --report");
        }
        Chosen chosen = device();
        return onKernels(kernels.table(chosen.device().kind()), chosen.device(),
                () -> restoreMany(batch -> batch.run(jobs), captions(jobs, chosen.device()), jobs.size(), jobs.getFirst().out(), chosen));
    }

    /** Restores what arrives in a folder. */
    private int watch(Worklist list) {
        boolean isForOne = profile.isAsked() || preview != null || !daam.isEmpty();
        if (isForOne || forecast.isDryRun()) throw usage("--watch goes without --profile, --preview, --daam and --dry-run");
        if (captioning() != null) throw usage("--watch goes without a captioner");
        Chosen chosen = device();
        return onKernels(kernels.table(chosen.device().kind()), chosen.device(), () -> restoreMany(batch -> {
            if (!quiet && !results.isJson()) spec.commandLine().getErr().println("watching; Ctrl-C ends it");
            watch.run(batch, list);
            return true;
        }, Caption::of, 0, null, chosen));
    }

    private <T> T onKernels(KernelTable table, Device on, Supplier<T> work) {
        return choosing(table, () -> kernels.watched(on, warnings()::warn, work));
    }

    /** Does work on the kernels that were chosen, without a remark where one never ran. */
    private <T> T choosing(KernelTable table, Supplier<T> work) {
        return compute.work(() -> Engine.onKernels(table, work));
    }

    /** Null where words are given, or the model finds them itself. */
    private Captioning captioning() { return used(() -> Captioning.of(captionCommand, model, flags, this::compute)); }

    /** Shows what the captioner said; of tiles only to those who look into it. */
    private void tell(Captioning captioning, Object of, String text) {
        if (!quiet && !results.isJson()) captioning.shown(of, text, Main.isVerbose(spec)).forEach(spec.commandLine().getErr()::println);
    }

    /** The captions of photos that are still to be restored. */
    private Function<Path, Caption> captions(List<Job> jobs, Device on) {
        Captioning captioning = captioning();
        if (captioning == null) return Caption::of;
        Batch.Rules rules = results.rules(resume);
        List<Path> open = jobs.stream().filter(j -> rules.overwrite() || !j.isDone()).map(Job::in).distinct().toList();
        if (open.contains(Job.STREAM)) {
            throw usage("--" + captioning.prompt().option() + " auto reads a photo twice, so of several none can be standard input");
        }
        return captioning.captions(open, on, rules.strict(), (photo, text) -> tell(captioning, photo, text));
    }

    /** @param run lets a batch work, and says if it was interrupted. @param files how many; 0: nobody knows. @param first result, or null */
    private int restoreMany(Predicate<Batch> run, Function<Path, Caption> captions, int files, Path first, Chosen chosen) {
        AttributionFiles attribution = used(() -> new AttributionFiles(daam, first, results.rules(resume).overwrite()));
        try (Interrupt _ = new Interrupt(); Report shown = results.report(quiet, spec.commandLine(), files);
                Restorer restorer = restorer(chosen.device())) {
            Batch.Rules rules = results.rules(resume);
            ResultSettings settings = settings(restorer);
            requirePrompt(restorer);
            BatchListener pages = report.listener(shown, model, compute(chosen.device()), restorer, rules);
            BatchListener all = attribution.of(pages, quiet || results.isJson() ? line -> {} : spec.commandLine().getErr()::println);
            Batch batch = new Batch(restorer, settings, rules, all, captions);
            boolean stopped = run.test(batch);
            shown.end(stopped, chosen.device().name(), ending(chosen));
            return stopped ? INTERRUPTED : shown.failed() ? 1 : 0;
        }
    }

    private ParameterException usage(String message) { return new ParameterException(spec.commandLine(), message); }

    /** Checks the options once, before any photo. @throws IllegalArgumentException if the restorer refuses one */
    private ResultSettings settings(Restorer restorer) {
        Options options = flags.of(restorer);
        return model.settings(restorer, captioning() == null ? AutoPrompt.without(options) : options);
    }

    private Image restore(Image photo, Restorer restorer, Options options, Listener first, Path state) {
        if (preview != null && !restorer.options().contains(STEPS)) throw usage("this model has no steps, so it has no previews");
        try (StepBar bar = StepBar.of(options.get(STEPS), quiet, spec.commandLine().getErr())) {
            Listener all = preview == null ? first.and(bar) : first.and(bar).and(PreviewFiles.to(preview, previewEvery, options.get(STEPS)));
            Image restored = restorer.restore(photo, options, quiet ? all : all.and(warnings()), state);
            bar.finish();
            return restored;
        }
    }

    private Restorer restorer(Device on) { return model.open(compute(on)); }

    private Compute compute(Device on) { return compute.on(on, model); }

    private Chosen device() { return compute.device(quiet ? line -> {} : warnings()::warn); }
}
