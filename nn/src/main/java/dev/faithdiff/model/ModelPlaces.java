package dev.faithdiff.model;

import dev.faithdiff.tensor.host.UserFolders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Where model folders lie, so that a name alone stands for one: where {@code faithdiff pull} puts them, and where the bundled ones are. */
public final class ModelPlaces {
    private ModelPlaces() {}

    /** The folder of pulled models: {@code -Dfaithdiff.models}, else one in the user's data folder. It need not exist. */
    public static Path pulled() {
        String asked = System.getProperty("faithdiff.models");
        if (asked != null) return Path.of(asked).toAbsolutePath().normalize();
        return UserFolders.data("models");
    }

    /** The folder of a model. A path that exists, or has more than one part, is itself; a name is looked for among pulled, then bundled models. */
    public static Path of(Path given) {
        if (Files.exists(given) || given.isAbsolute() || given.getNameCount() > 1) return given;
        return places().stream().map(p -> p.resolve(given)).filter(ModelPlaces::isModel).findFirst().orElse(given);
    }

    /** All model folders of these places, pulled ones first, each by name. */
    public static List<Path> installed() {
        List<Path> all = new ArrayList<>();
        for (Path place : places()) {
            if (!Files.isDirectory(place)) continue;
            try (Stream<Path> folders = Files.list(place)) {
                folders.filter(f -> isModel(f) && !f.getFileName().toString().startsWith(".")).sorted().forEach(all::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return all;
    }

    private static List<Path> places() {
        String home = System.getProperty("faithdiff.home");
        return home == null ? List.of(pulled()) : List.of(pulled(), Path.of(home, "models"));
    }

    private static boolean isModel(Path folder) { return Files.isRegularFile(folder.resolve(ModelFolder.DESCRIPTION)); }
}
