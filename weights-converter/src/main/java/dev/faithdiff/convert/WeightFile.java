package dev.faithdiff.convert;

import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** The tensors of one published file or folder, safetensors or torch.save, mapped until closed. */
final class WeightFile implements AutoCloseable {
    private static final List<String> TORCH_NAMES = List.of("diffusion_pytorch_model.fp16.bin", "diffusion_pytorch_model.bin",
            "pytorch_model.fp16.bin", "pytorch_model.bin");

    private final Map<String, Source> tensors;
    private final AutoCloseable file;

    private WeightFile(Map<String, ? extends Source> tensors, AutoCloseable file) {
        this.tensors = new LinkedHashMap<>(tensors);
        this.file = file;
    }

    /** @throws RuntimeException (ConvertError or SafeTensorsError) with one line if nothing readable is there */
    static WeightFile open(Path fileOrFolder) {
        Path path = Files.isDirectory(fileOrFolder) && !hasSafeTensors(fileOrFolder) ? torchFile(fileOrFolder) : fileOrFolder;
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        if (Files.isDirectory(path) || name.endsWith(".safetensors") || name.endsWith(".json")) {
            SafeTensors file = SafeTensors.open(path);
            return new WeightFile(file.entries(), file);
        }
        TorchFile file = TorchFile.open(path);
        return new WeightFile(file.entries(), file);
    }

    Map<String, Source> tensors() { return tensors; }

    private static boolean hasSafeTensors(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(p -> p.toString().endsWith(".safetensors") || p.toString().endsWith(".index.json"));
        } catch (IOException e) {
            throw new ConvertError(folder, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static Path torchFile(Path folder) {
        for (String name : TORCH_NAMES) if (Files.exists(folder.resolve(name))) return folder.resolve(name);
        throw new ConvertError(folder, "holds neither a .safetensors file nor " + TORCH_NAMES.get(1) + " or " + TORCH_NAMES.get(3));
    }

    @Override public void close() {
        try {
            file.close();
        } catch (Exception e) {
            throw new IllegalStateException(e); // unmapping throws nothing checked
        }
    }
}
