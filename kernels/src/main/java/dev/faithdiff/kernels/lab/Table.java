package dev.faithdiff.kernels.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Rows under headings, printed as aligned Markdown, the same text for a terminal and for a file. Numbers are aligned to the right. */
public final class Table {
    private final List<String[]> rows = new ArrayList<>();

    /** A table without rows. */
    public Table(String... headings) { rows.add(headings); }

    /** Adds a row; a Double is rounded to three digits and NaN left blank. */
    public Table row(Object... cells) {
        String[] row = new String[rows.getFirst().length];
        for (int i = 0; i < row.length; i++) row[i] = i < cells.length && cells[i] != null ? text(cells[i]) : "";
        rows.add(row);
        return this;
    }

    /** Number of rows, without the headings. */
    public int size() { return rows.size() - 1; }

    private static String text(Object cell) { return cell instanceof Double d ? number(d) : cell.toString().replace("|", "\\|"); }

    /** A number with three digits, or all digits before the point; small numbers with an exponent. */
    public static String number(double v) {
        if (Double.isNaN(v)) return "";
        int digits = v == 0 ? 0 : (int) Math.floor(Math.log10(Math.abs(v)));
        return digits < -3 ? String.format(Locale.ROOT, "%.2e", v) : String.format(Locale.ROOT, "%." + Math.max(0, 2 - digits) + "f", v);
    }

    @Override public String toString() {
        int columns = rows.getFirst().length;
        StringBuilder s = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            for (int c = 0; c < columns; c++) s.append(c == 0 ? "| " : " | ").append(padded(rows.get(r)[c], width(c), isNumeric(c)));
            s.append(" |\n");
            if (r > 0) continue;
            for (int c = 0; c < columns; c++) s.append("|").append("-".repeat(width(c) + 1)).append(isNumeric(c) ? ":" : "-");
            s.append("|\n");
        }
        return s.toString();
    }

    private static String padded(String text, int width, boolean right) {
        String space = " ".repeat(width - text.length());
        return right ? space + text : text + space;
    }

    private int width(int column) { return rows.stream().mapToInt(r -> r[column].length()).max().orElse(0); }

    private boolean isNumeric(int column) {
        return rows.stream().skip(1).allMatch(r -> r[column].matches("[-+0-9.e%]*")) && rows.stream().skip(1).anyMatch(r -> !r[column].isEmpty());
    }
}
