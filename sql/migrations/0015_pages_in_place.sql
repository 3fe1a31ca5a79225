-- Ready-made pages that are made again and again stay where they are (0007): a block has room for one
-- more, so that a page is replaced within its block and changes no index. Whoever looks into the block
-- next removes the old one. Pages are compressed, where the server has lz4: half the size, and no
-- slower to read. Those that there are get so when they are made the next time.
ALTER TABLE product_pages SET (
    fillfactor = 75,
    autovacuum_vacuum_scale_factor = 0.05,
    vacuum_truncate = off, -- it would lock readers out
    autovacuum_analyze_threshold = 2147483647);
ALTER TABLE product_pages ALTER page SET STATISTICS 0;
DO $$
BEGIN
    ALTER TABLE product_pages ALTER page SET COMPRESSION lz4, ALTER page SET STORAGE MAIN;
    ALTER TABLE product_pages SET (toast_tuple_target = 128); -- compress whatever is compressed at all
EXCEPTION
    WHEN feature_not_supported THEN NULL;
END
$$;

-- No plan of the service depends on statistics of marks, which would be out of date at once.
ALTER TABLE changed_products SET (
    vacuum_truncate = off,
    autovacuum_analyze_threshold = 2147483647);
