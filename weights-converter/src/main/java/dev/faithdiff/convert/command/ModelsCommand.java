package dev.faithdiff.convert.command;

import dev.faithdiff.convert.pull.Pulled;
import dev.faithdiff.convert.pull.ModelRegistry;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.model.ModelPlaces;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** {@code faithdiff models}: shows which models are installed, and which can be had. */
@Command(name = "models", description = "Shows the models that 'restore --model NAME' knows by name, with their kind, size and licences, and "
        + "those that 'faithdiff pull NAME' can fetch.")
public final class ModelsCommand implements Callable<Integer> {
    @Override public Integer call() {
        ModelRegistry registry = ModelRegistry.load();
        System.out.println("Installed (restore --model NAME):");
        for (Path folder : ModelPlaces.installed()) installed(folder, registry);
        System.out.println("To be had (pull NAME):");
        registry.models().forEach((name, model) -> {
            String sizes = size(registry.bytes(model)) + " to fetch, " + size(model.bytes()) + " as a model", licences = registry.sources(model)
                    .values().stream().map(ModelRegistry.Repository::shownLicence).distinct().collect(Collectors.joining(", "));
            System.out.printf("  %-22s %s; %s; %s%n", name, model.makes(), sizes, licences);
        });
        System.out.println("Pulled models go to " + ModelPlaces.pulled());
        return 0;
    }

    private static void installed(Path folder, ModelRegistry registry) {
        String name = folder.getFileName().toString();
        try {
            ModelFolder model = new ModelFolder(folder);
            String kind = ModelError.clean(model.kind()), licence = licence(folder, name, registry);
            System.out.printf("  %-22s %s; %s; %s; %s%n", name, kind, size(model.weightBytes("")), licence, folder);
        } catch (RuntimeException e) {
            System.out.printf("  %-22s cannot be opened: %s%n", name, e.getMessage());
        }
    }

    private static String licence(Path folder, String name, ModelRegistry registry) {
        Pulled pulled = Pulled.read(folder);
        return pulled != null ? ModelError.clean(pulled.licences()) : registry.bundled().getOrDefault(name, "licence not recorded");
    }

    private static String size(long bytes) {
        return bytes < 1e9 ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6) : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }
}
