package dev.faithdiff.convert.system;

import com.google.gson.JsonElement;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.NcnnFile;
import dev.faithdiff.convert.file.TorchFile;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.host.IoReason;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The tensors of a published file or folder of any format. They are mapped into memory until it is closed. */
public final class WeightFile implements AutoCloseable {
    private static final List<String> TORCH_NAMES = List.of("diffusion_pytorch_model.fp16.bin", "diffusion_pytorch_model.bin",
            "pytorch_model.fp16.bin", "pytorch_model.bin");

    private static final String SHARDS = "pytorch_model.bin.index.json";

    private final Map<String, Source> tensors;
    private final Map<String, String> metadata;
    private final String format;
    private final AutoCloseable file;

    private WeightFile(Map<String, ? extends Source> tensors, Map<String, String> metadata, String format, AutoCloseable file) {
        this.tensors = new LinkedHashMap<>(tensors);
        this.metadata = metadata;
        this.format = format;
        this.file = file;
    }

    /**
     * Opens a file by what it holds, whatever its name.
     *
     * @throws RuntimeException (ConvertError or SafeTensorsError) with one line if nothing readable is there
     */
    public static WeightFile open(Path fileOrFolder) {
        if (Files.isDirectory(fileOrFolder) && Files.exists(fileOrFolder.resolve(SHARDS))) return shards(fileOrFolder.resolve(SHARDS));
        Path path = Files.isDirectory(fileOrFolder) && !hasSafeTensors(fileOrFolder) ? torchFile(fileOrFolder) : fileOrFolder;
        if (Files.isDirectory(path) || path.toString().endsWith(".json")) return safeTensors(path, "safetensors, as its folder or index says");
        byte[] start = start(path);
        if (start.length == 9 && start[8] == '{' || path.toString().endsWith(".safetensors")) return safeTensors(path, "safetensors");
        if (NcnnFile.is(path, start)) {
            NcnnFile file = NcnnFile.open(path, Architecture::along);
            return new WeightFile(file.entries(), Map.of(), "ncnn, graph and weights", file);
        }
        TorchFile file = TorchFile.open(path);
        return new WeightFile(file.entries(), Map.of(), start[0] == 'P' ? "torch.save, zip" : "torch.save, legacy", file);
    }

    /** Opens a file that must have an architecture. @throws ConvertError if it has another */
    static WeightFile open(Path path, Architecture wanted) {
        WeightFile file = open(path);
        Architecture is = Architecture.of(file.tensors());
        if (is == wanted) return file;
        file.close();
        throw new ConvertError(path, "is not " + wanted + " but " + is);
    }

    /** The tensors of all shards of a file of torch.save, which its index names. */
    private static WeightFile shards(Path index) {
        Map<String, Source> tensors = new LinkedHashMap<>();
        List<AutoCloseable> open = new ArrayList<>();
        AutoCloseable all = () -> { for (AutoCloseable file : open) file.close(); };
        try {
            Map<String, JsonElement> shardOf = Config.read(index).at("weight_map").json().asMap();
            for (String shard : shardOf.values().stream().map(JsonElement::getAsString).distinct().toList()) {
                if (!shard.matches("[\\w-]+\\.bin")) throw new ConvertError(index, "names a shard " + ModelError.clean(shard));
                TorchFile file = TorchFile.open(index.resolveSibling(shard));
                open.add(file);
                tensors.putAll(file.entries());
            }
            shardOf.keySet().stream().filter(k -> !tensors.containsKey(k)).findFirst().ifPresent(k -> {
                throw new ConvertError(index, "names " + ModelError.clean(k) + ", which no shard holds");
            });
            return new WeightFile(tensors, Map.of(), "torch.save, " + open.size() + " shards", all);
        } catch (RuntimeException e) {
            new WeightFile(tensors, Map.of(), "", all).close();
            throw e;
        }
    }

    /** Whether a folder holds weights under a published name or in safetensors. */
    static boolean isIn(Path folder) { return hasSafeTensors(folder) || TORCH_NAMES.stream().anyMatch(n -> Files.exists(folder.resolve(n))); }

    private static WeightFile safeTensors(Path path, String format) {
        SafeTensors file = SafeTensors.open(path);
        return new WeightFile(file.entries(), file.metadata(), format, file);
    }

    public Map<String, Source> tensors() { return tensors; }

    /** What a safetensors file says about itself; not trusted. */
    public Map<String, String> metadata() { return metadata; }

    /** The file format in words. */
    public String format() { return format; }

    /** The first nine bytes; fewer where there are no more. */
    private static byte[] start(Path path) {
        if (!Files.isRegularFile(path)) return new byte[0];
        try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(9);
        } catch (IOException e) {
            throw new ConvertError(path, "cannot be read: " + IoReason.of(e), e);
        }
    }

    private static boolean hasSafeTensors(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(p -> p.toString().endsWith(".safetensors") || p.toString().endsWith(".index.json"));
        } catch (IOException e) {
            throw new ConvertError(folder, "cannot be read: " + IoReason.of(e), e);
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
