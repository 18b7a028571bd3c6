package dev.faithdiff.convert.command;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.pull.Hosts;
import dev.faithdiff.convert.pull.Pull;
import dev.faithdiff.convert.pull.ModelRegistry;
import dev.faithdiff.convert.pull.Web;
import dev.faithdiff.model.ModelPlaces;
import dev.faithdiff.model.WholeFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code faithdiff pull}: fetches a released model and converts it. */
@Command(name = "pull", sortOptions = false, description = "Fetches the released files of a model, checks them, and makes a model folder of them, "
        + "which 'restore --model NAME' then takes. A transfer that breaks off goes on where it was, also after Ctrl-C. The variables HTTPS_PROXY, "
        + "HTTP_PROXY and NO_PROXY name proxies, HF_TOKEN holds a token of Hugging Face, and HF_ENDPOINT another address of it.")
public final class PullCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The model, as 'faithdiff models' shows it.")
    private String name;

    @Option(names = "--to", paramLabel = "DIR", description = "Model folder to make (default: NAME in the folder of pulled models).")
    private Path to;

    @Option(names = "--accept-licence", description = "I have read the licences shown, and accept them. Needed where one forbids commercial use, "
            + "or where none is stated.")
    private boolean accept;

    @Option(names = "--mirror", paramLabel = "URL", description = "Take the files from here: URL stands for https://huggingface.co and "
            + "https://github.com.")
    private String mirror;

    @Option(names = "--offline", description = "Fetch nothing: make the model of files that lie there from before.")
    private boolean offline;

    @Option(names = "--keep-files", description = "Keep the released files when the model is made (in .files beside it).")
    private boolean keep;

    @Option(names = "--force", description = "Replace an existing model folder.")
    private boolean force;

    @Override public Integer call() {
        ModelRegistry registry = ModelRegistry.load();
        ModelRegistry.Pullable model = registry.model(name);
        Path target = to != null ? to : ModelPlaces.pulled().resolve(name);
        WholeFolder.check(target, force);
        showLicences(registry, model);
        try (Pull pull = new Pull(registry, name, target, System.err)) {
            fetch(pull);
            int code = Output.make(target, force, conversion(pull.arguments(), target)::converter, pull::record);
            if (!keep) pull.deleteFiles();
            return code;
        }
    }

    private void showLicences(ModelRegistry registry, ModelRegistry.Pullable model) {
        System.out.printf("%s: %s%n", name, model.makes());
        List<String> asked = new ArrayList<>();
        registry.sources(model).forEach((source, s) -> {
            System.out.printf("  %s of %s: %s, see %s%n", source, s.repository(), s.shownLicence(), s.terms());
            if (s.isAsked()) asked.add(source + " (" + s.shownLicence() + ")");
        });
        if (accept || asked.isEmpty()) return;
        throw new ConvertError(name + " is not pulled unasked: read the terms of " + String.join(" and ", asked) + ", and add --accept-licence");
    }

    /** Where Ctrl-C ends this, what came stays. */
    private void fetch(Pull pull) {
        AtomicBoolean isDone = new AtomicBoolean();
        Thread stopped = new Thread(() -> {
            if (!isDone.get()) System.err.println("\nfaithdiff: stopped; the same command goes on from there");
        });
        Runtime.getRuntime().addShutdownHook(stopped);
        try (Web web = offline ? null : new Web(new Hosts(mirror, System::getenv))) {
            pull.run(web);
        } finally {
            isDone.set(true);
        }
    }

    private static ConvertCommand conversion(List<String> arguments, Path target) {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of("-o", target.toString()));
        ConvertCommand convert = new ConvertCommand();
        new CommandLine(convert).setExpandAtFiles(false).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(all.toArray(String[]::new));
        return convert;
    }
}
